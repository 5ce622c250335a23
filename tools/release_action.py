"""Makes action.yml name the image of one release, and says whether the repository can be released.

On the default branch action.yml says `image: Dockerfile`, so that `uses: ./` runs what lies there.
The commit that a version is tagged on names that version's image instead, by digest: nothing is
built in a user's run, and who pins the commit pins the image. The composite stays as it is.
"""

import argparse
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_BUILT = re.compile(r"^(\s+image: )Dockerfile$", re.MULTILINE)
_IMAGE = re.compile(r"[a-z0-9./_-]+:[0-9.]+(@sha256:[0-9a-f]{64})?")
_USES = re.compile(r"uses: ([\w.-]+/[\w.-]+)(?:/cli)?@v?[0-9]")
_PULLS = re.compile(r"ghcr\.io/([\w.-]+/[\w.-]+)")
# Where people read which repository the Action is in, and whose image the server is.
_TELLERS = (
    "README.md",
    "docs/*.md",
    "examples/workflows/*.yml",
    "examples/server/**/*.yaml",
    "replanner/profile/starter.py",
)


def released(action: str, image: str) -> str:
    """action.yml with `image` in place of the Dockerfile, and otherwise the same bytes."""
    if not _IMAGE.fullmatch(image):
        sys.exit(f"{image!r} is not NAME:VERSION or NAME:VERSION@sha256:DIGEST")
    text, found = _BUILT.subn(rf"\g<1>docker://{image}", action)
    if found != 1:
        sys.exit(f"action.yml says `image: Dockerfile` {found} times, not once")
    return text


def problems(repository: str, root: Path = ROOT) -> list[str]:
    """Why this tree cannot be released from `repository` (OWNER/NAME), a sentence each."""
    return [*_version(root), *_names(repository, root), *_action(root)]


def version(root: Path = ROOT) -> str:
    text = (root / "replanner" / "__init__.py").read_text()
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return found[1] if found else ""


def _version(root: Path) -> list[str]:
    now = version(root)
    if not VERSION.fullmatch(now):
        return [f"replanner.__version__ is {now!r}, not MAJOR.MINOR.PATCH"]
    if f"\n## [{now}]" not in (root / "CHANGELOG.md").read_text():
        return [f"CHANGELOG.md has no section for {now}"]
    return []


def _names(repository: str, root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)} tells people to use {name}, not {repository}"
        for pattern in _TELLERS
        for path in sorted(root.glob(pattern))
        for name in sorted(
            {each for told in (_USES, _PULLS) for each in told.findall(path.read_text())}
        )
        if name.rpartition("/")[2] == "replanner" and name != repository
    ]


def _action(root: Path) -> list[str]:
    found = _BUILT.findall((root / "action.yml").read_text())
    return [] if len(found) == 1 else ["action.yml does not say `image: Dockerfile`, once"]


def notes(root: Path = ROOT) -> str:
    """What CHANGELOG.md says about the version, without its heading."""
    text = (root / "CHANGELOG.md").read_text()
    found = re.search(
        rf"\n## \[{re.escape(version(root))}\][^\n]*\n(.*?)(?=\n## |\Z)", text, re.DOTALL
    )
    return found[1].strip() + "\n" if found else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree to look at")
    does = parser.add_subparsers(dest="does", required=True)
    check = does.add_parser("check", help="exit 1 and the reasons, where it cannot be released")
    check.add_argument("repository", metavar="OWNER/NAME")
    does.add_parser("version", help="print the version")
    does.add_parser("notes", help="print the changelog's section of the version")
    write = does.add_parser("write", help="make action.yml name an image")
    write.add_argument("image", metavar="NAME:VERSION[@sha256:DIGEST]")
    arguments = parser.parse_args()
    root = arguments.root
    match arguments.does:
        case "version":
            print(version(root))
        case "notes":
            print(notes(root), end="")
        case "write":
            path = root / "action.yml"
            path.write_text(released(path.read_text(), arguments.image))
        case _:
            sys.exit(os.linesep.join(problems(arguments.repository, root)) or 0)


if __name__ == "__main__":
    main()
