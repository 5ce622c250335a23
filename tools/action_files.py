"""Writes what the table of settings and outputs decides: action.yml, cli/action.yml and the tables
of docs/action.md. `--check` says whether they are as they should be."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from replanner.action.outputs import TABLE as OUTPUTS
from replanner.profile.settings import TABLE as SETTINGS
from replanner.profile.settings import Setting

ROOT = Path(__file__).resolve().parents[1]
_HEAD = """\
# Written by tools/action_files.py from the tables of settings and outputs.
name: {name}
author: the replanner authors
description: {description}
branding:
  icon: cpu
  color: purple
"""
_ABOUT = (
    "Re-plans vLLM deployments when profiles or models move: tells a pull request what it changes,"
    " and keeps generated files fresh."
)
# No `default:` for what the configuration file may set: it would silently win over the file.
_WORKFLOWS_OWN = "    default: ${{ github.token }}\n"
_DOCKER = """\
runs:
  using: docker
  image: Dockerfile
"""
# Inputs travel in the environment and are never part of a script.
_COMPOSITE = """\
runs:
  using: composite
  steps:
    - id: run
      shell: bash
      run: '"$(command -v python3 || command -v python)" -I "$GITHUB_ACTION_PATH/step.py"'
      env:
{env}"""


def action() -> str:
    """action.yml, as it is on the default branch."""
    head = _HEAD.format(name="replanner", description=json.dumps(_ABOUT))
    return head + _inputs() + _outputs({}) + _DOCKER


def composite() -> str:
    """cli/action.yml: the same without Docker."""
    head = _HEAD.format(
        name="replanner without Docker",
        description=json.dumps(f"{_ABOUT} For runners without Docker; needs Python 3.11."),
    )
    values = {name: f"${{{{ steps.run.outputs.{name} }}}}" for name in OUTPUTS}
    names = [one.name for one in SETTINGS]
    lines = [f"        INPUT_{_shouted(name)}: ${{{{ inputs.{name} }}}}\n" for name in names]
    return head + _inputs() + _outputs(values) + _COMPOSITE.format(env="".join(lines))


def _shouted(name: str) -> str:
    """Without hyphens, which no shell passes on."""
    return name.upper().replace("-", "_")


def _inputs() -> str:
    lines = ["inputs:\n"]
    for one in SETTINGS:
        lines += [f"  {one.name}:\n", f"    description: {json.dumps(_description(one))}\n"]
        lines += [_WORKFLOWS_OWN] if one.name == "token" else []
    return "".join(lines)


def _outputs(values: Mapping[str, str]) -> str:
    lines = ["outputs:\n"]
    for name, (about, _) in OUTPUTS.items():
        lines += [f"  {name}:\n", f"    description: {json.dumps(about)}\n"]
        lines += [f"    value: {values[name]}\n"] if name in values else []
    return "".join(lines)


def _description(one: Setting) -> str:
    known = f" One of {', '.join(one.choices)}." if one.choices and one.kind == "choice" else ""
    usual = _default(one)
    return f"{one.about}{known}{f' Default: {usual}.' if usual else ''}"


def _default(one: Setting) -> str:
    if isinstance(one.default, bool):
        return str(one.default).lower()
    if isinstance(one.default, tuple):
        return ", ".join(one.default)
    return "0h" if one.kind == "duration" else str(one.default or "")


def tables(text: str) -> str:
    """docs/action.md with its tables as they should be."""
    for name, rows in (("inputs", _input_rows()), ("outputs", _output_rows())):
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        table = "".join(row + "\n" for row in rows)
        text = f"{before}{begin}{table}{end}{after}"
    return text


def _input_rows() -> Iterator[str]:
    yield "| input | default | what it says |"
    yield "|:--|:--|:--|"
    for one in SETTINGS:
        usual = "the workflow's own" if one.name == "token" else _default(one)
        known = f" One of {', '.join(f'`{word}`' for word in one.choices)}." if one.choices else ""
        only = "" if one.where == "anywhere" else " Only an input."
        about = one.about.replace("|", "\\|").replace("*.", "\\*.").replace("**", "\\*\\*")
        yield f"| `{one.name}` | {f'`{usual}`' if usual else ''} | {about}{known}{only} |"


def _output_rows() -> Iterator[str]:
    yield "| output | what it says |"
    yield "|:--|:--|"
    for name, (about, _) in OUTPUTS.items():
        yield f"| `{name}` | {about} |"


def files() -> dict[Path, str]:
    """Every file that follows from the tables, with its text."""
    docs = ROOT / "docs" / "action.md"
    return {
        ROOT / "action.yml": action(),
        ROOT / "cli" / "action.yml": composite(),
        docs: tables(docs.read_text(encoding="utf-8")),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    for path, text in files().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            sys.exit(f"{path.relative_to(ROOT)} is not what the tables say; run this tool.")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
