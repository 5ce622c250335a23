"""One step without Docker: an environment with the locked packages, then the Action in it.

Only the standard library is used; inputs come and go through the environment.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAST = (3, 11)
LOCK = ROOT / "requirements.lock"


def main() -> int:
    """The Action's exit code; 2 where it cannot run, 3 where its packages cannot be had."""
    if sys.version_info < LEAST:
        told = ".".join(map(str, sys.version_info[:2]))
        print(f"::error title=replanner::Python {told} is too old: 3.11 or later is needed.")
        return 2
    folder = environment_for(Path(os.environ.get("RUNNER_TEMP") or tempfile.mkdtemp()))
    python = python_of(folder)
    if not (folder / "done").exists() and not install(folder, python):
        print("::error title=replanner::The locked packages could not be installed.")
        return 3
    # -I: nothing of the folder it runs in, a checkout perhaps, is imported.
    return subprocess.run([python, "-I", "-u", "-m", "replanner.action"], check=False).returncode


def environment_for(temporary: Path) -> Path:
    """One folder for each lock file, Python and checkout: later steps of a job take it as it is."""
    parts = (LOCK.read_bytes(), sys.version.encode(), str(ROOT).encode())
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return temporary / f"replanner-{digest[:16]}"


def python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(folder: Path, python: Path) -> bool:
    """The packages by their hashes, no sdist among them; replanner itself from where this lies."""
    venv.create(folder, with_pip=True, clear=True)
    if subprocess.run(pip(python), check=False).returncode != 0:
        return False
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told = subprocess.run([python, "-I", "-c", where], check=True, capture_output=True, text=True)
    Path(told.stdout.strip(), "replanner.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    (folder / "done").touch()
    return True


def pip(python: Path) -> list[str | Path]:
    """How the packages are installed: those of the lock file and nothing else."""
    options = "--quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all:"
    return [python, "-I", "-m", "pip", "install", *options.split(), "--requirement", LOCK]


if __name__ == "__main__":
    sys.exit(main())
