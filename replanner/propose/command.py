"""Decides whether a comment asks something of us: `/replan`, `/replan PROFILE`, or
`/replan what-if [PROFILE] KEY=VALUE...`, at the start of a line and with nothing else on it."""

import re
from typing import Final, NamedTuple

# Who wants something says so early; the rest of a long comment is not searched.
_MOST_CHARS: Final = 4096
_LINE: Final = re.compile(r"(?m)^/replan(?=[ \t\r]|$)([^\n]*)")
_PROFILE: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_CHANGE: Final = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_-]*){1,3})=([!-~]{1,100})")
_WHAT_IF: Final = "what-if"
_MOST_CHANGES: Final = 8


class Command(NamedTuple):
    """What was asked: with neither profile nor changes, to look at the pull request again; else to
    plan a profile (empty: those that it touches), with `changes` of keys."""

    profile: str = ""
    changes: tuple[tuple[str, str], ...] = ()

    @property
    def is_plain(self) -> bool:
        return self == Command()


def parse_command(comment: str) -> Command | None:
    """The first command in a comment; None where there is none, or one that is not understood."""
    found = _LINE.search(comment[:_MOST_CHARS])
    if found is None:
        return None
    words = found[1].split()
    if not words:
        return Command()
    if words[0] == _WHAT_IF:
        return _what_if(words[1:])
    is_one = len(words) == 1 and _PROFILE.fullmatch(words[0])
    return Command(words[0]) if is_one else None


def _what_if(words: list[str]) -> Command | None:
    named = bool(words) and "=" not in words[0]
    profile = words[0] if named else ""
    changes = [_CHANGE.fullmatch(word) for word in words[named:]]
    if not changes or len(changes) > _MOST_CHANGES or not all(changes):
        return None
    if profile and not _PROFILE.fullmatch(profile):
        return None
    return Command(profile, tuple((one[1], one[2]) for one in changes if one))
