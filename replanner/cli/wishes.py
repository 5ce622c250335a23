"""Decides what may be said on the command line about proposals: some of the settings that a
repository's configuration holds, by the same names and with the same values."""

import argparse
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

from replanner.profile.setting_values import Value
from replanner.profile.settings import BY_NAME, merged
from replanner.propose.lifecycle import branch_group
from replanner.replan.options import Options, options_of

_NAMES: Final = (
    "group-by",
    "branch-prefix",
    "scope",
    "labels",
    "draft",
    "title-style",
    "signoff",
    "min-revision-age",
    "revision-classes",
    "recreate-closed",
    "open-prs-limit",
    "new-prs-per-run",
)
_METAVARS: Final = {"int": "N", "duration": "AGE", "list": "LIST", "text": "TEXT"}


def add_wishes(command: argparse.ArgumentParser) -> None:
    """A flag for each setting that makes sense by hand, and one for writing afresh."""
    for name in _NAMES:
        one = BY_NAME[name]
        if one.kind == "bool":
            command.add_argument(f"--{name}", action="store_const", const="true", help=one.about)
        else:
            words = _METAVARS.get(one.kind) or "|".join(one.choices)
            command.add_argument(f"--{name}", metavar=words, type=_checked(name), help=one.about)
    command.add_argument(
        "--rebuild",
        metavar="BRANCH",
        action="append",
        default=[],
        help="write this proposal afresh, over commits of others",
    )


def _checked(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            BY_NAME[name].read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return text

    return read


def wished(arguments: argparse.Namespace, config: Mapping[str, Value], *, now_s: int) -> Options:
    """How to propose: by the flags, else by the repository's configuration."""
    said = {name: getattr(arguments, name.replace("-", "_")) for name in _NAMES}
    inputs = {name: text for name, text in said.items() if text is not None}
    settings = merged(inputs, config)
    options = replace(
        options_of(settings, base=arguments.base, now_s=now_s),
        only=tuple(arguments.profiles),
        forced=tuple(map(branch_group, arguments.rebuild)),
        dry_run=arguments.dry_run or settings.dry_run,
    )
    asked = {BY_NAME[name].key for name in inputs} | config.keys()
    return options if arguments.forge == "github" else _on_disk(options, asked)


def _on_disk(options: Options, asked: Collection[str]) -> Options:
    """Without the limits that nobody asked for: they spare reviewers and machines, of which a
    repository on disk has none."""
    opened = options.open_prs_limit if "open_prs_limit" in asked else None
    new = options.new_prs_per_run if "new_prs_per_run" in asked else None
    return replace(options, open_prs_limit=opened, new_prs_per_run=new)
