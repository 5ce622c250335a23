"""The image of this tree: what is in it, and that the caller's repository runs none of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from replanner import __version__

Ran = Callable[..., str]
SHELL = ("--entrypoint", "sh")
PYTHON = ("--entrypoint", "/opt/replanner/bin/python")


def test_the_command_line_is_on_the_path(in_image: Ran) -> None:
    said = in_image("--version", options=("--entrypoint", "replanner"))
    assert said.strip() == f"replanner {__version__}"


def test_there_is_no_installer_and_no_compiler(in_image: Ran) -> None:
    asked = "for name in pip pip3 gcc cc make git; do command -v $name; done; true"
    assert in_image("-c", asked, options=SHELL) == ""
    asked = "import importlib.util as u; print([n for n in ('pip', 'hatchling') if u.find_spec(n)])"
    assert in_image("-I", "-c", asked, options=PYTHON).strip() == "[]"


def test_it_holds_the_package_and_nothing_else_of_the_repository(in_image: Ran) -> None:
    asked = (
        "find / -xdev ( -name tests -o -name .git -o -name '*.lock' -o -name .venv ) "
        "-path '*replanner*' -not -path '/proc/*' -not -path '*/site-packages/[!r]*'"
    )
    quoted = asked.replace("( ", r"\( ").replace(" )", r" \)")
    assert in_image("-c", quoted, options=SHELL) == ""
    assert in_image("-c", "ls -A /src /dist 2>/dev/null; true", options=SHELL) == ""
    package = "/opt/replanner/lib/python3.12/site-packages/replanner"
    for name in ("py.typed", "catalogue/gpus.json", "catalogue/vllm/0.33.0.json"):
        in_image("-c", f"test -f {package}/{name}", options=SHELL)


def test_all_that_a_run_imports_is_compiled(in_image: Ran) -> None:
    asked = (
        "import sys, pathlib, importlib.util as u\n"
        "import replanner.cli, github, huggingface_hub\n"
        "files = [m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)]\n"
        "sources = [f for f in files if f.endswith('.py')]\n"
        "print([f for f in sources if not pathlib.Path(u.cache_from_source(f)).exists()])"
    )
    assert in_image("-I", "-B", "-c", asked, options=PYTHON).strip() == "[]"


def test_nothing_is_imported_from_the_workspace(in_image: Ran, tmp_path: Path) -> None:
    for name in ("yaml.py", "json.py", "sitecustomize.py", "replanner/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('run by the workspace')\n")
    options = ("-v", f"{tmp_path}:/github/workspace", "-w", "/github/workspace")
    said = in_image(options=(*options, "-e", "PYTHONPATH=/github/workspace"), code=2)
    assert "run by the workspace" not in said


@pytest.mark.parametrize("user", ["0", "10001"])
def test_any_user_can_run_it_without_writing_to_it(in_image: Ran, user: str) -> None:
    options = ("--user", user, "--read-only", "--entrypoint", "replanner")
    assert "H100" in in_image("catalog", "gpus", options=options)
