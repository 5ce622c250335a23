"""Keeps one check run on a commit right: made once, found again after a crash, and written only
where it would say something else.

That it could not be written is told, never raised: the comment stands without it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from replanner.errors import AccessDenied, InputError, RateLimited, ReplannerError, UpstreamError
from replanner.propose.shapes import digest_of
from replanner.replan.ports import CheckRun, Checks
from replanner.report.check_run import REFUSED_TEXT, CheckText

Operation = Literal["created", "updated", "unchanged", "left", "denied", "none"]
_TAG: Final = re.compile(
    r"(?:pull (?P<number>[0-9]{1,20}) (?P<base>[0-9a-f]{16})|queue (?P<from>[0-9a-f]{1,40}))"
    r" [0-9a-f]{16}"
)
_DIGITS: Final = 16
_NEEDED: Final = "The App needs the permission Checks: read and write, and its owner's consent."


class About(NamedTuple):
    """Why a commit is checked: as the head of a pull request of this number to this base, or as the
    end of a group in the merge queue that begins at this base. It stands in the check run itself,
    since GitHub's events name no pull requests of forks and no base of a group, and since a verdict
    by one branch's rules must not pass for another branch's. `base` is a digest of the branch's
    name, which may be longer than what GitHub keeps here."""

    kind: Literal["pull", "queue"]
    value: str
    base: str = ""

    @classmethod
    def pull(cls, number: int, base: str) -> "About":
        return cls("pull", str(number), digest_of({"base": base})[:_DIGITS])

    @property
    def words(self) -> str:
        return " ".join(filter(None, self))

    @property
    def number(self) -> int | None:
        return int(self.value) if self.kind == "pull" and self.value.isdigit() else None


@dataclass(frozen=True, slots=True)
class CheckWanted:
    """What a commit's check run should say. `again`: somebody asked for it to be run again, and
    GitHub waits for its end even where that is the same."""

    commit: str
    about: About
    text: CheckText
    again: bool = False

    @property
    def tag(self) -> str:
        """What is written into the check run to know it again: the same for the same text."""
        text = self.text
        told = [text.conclusion, text.title, text.summary, text.remarks, text.buttons]
        digest = digest_of({str(number): repr(part) for number, part in enumerate(told)})
        return f"{self.about.words} {digest[:_DIGITS]}"


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a check run; `warning` is for people, `error` why it has to be tried again."""

    operation: Operation
    warning: str = ""
    error: ReplannerError | None = None


def about_of(run: CheckRun) -> About | None:
    """What a check run of ours is about."""
    found = _TAG.fullmatch(run.tag)
    if found is None:
        return None
    group = found["from"]
    return About("queue", group) if group else About("pull", found["number"], found["base"])


def put(
    checks: Checks, wanted: CheckWanted, *, spares: Callable[[CheckRun], bool] = lambda _: False
) -> Put:
    """Make a commit's check run say it. `spares`: whether the one that is there is to be left."""
    try:
        return Put(_put(checks, wanted, spares))
    except AccessDenied as error:
        return _denied(error)
    except ReplannerError as error:
        return Put("none", error=error)


def _denied(error: AccessDenied) -> Put:
    return Put("denied", f"No check run was written: {error.message} {_NEEDED}")


def _put(checks: Checks, wanted: CheckWanted, spares: Callable[[CheckRun], bool]) -> Operation:
    standing = checks.find(wanted.commit)
    if standing is None:
        _create(checks, wanted)
        return "created"
    if spares(standing):
        return "left"
    if _says(standing, wanted) and not wanted.again:
        return "unchanged"
    _say(wanted.text, lambda text: checks.update(standing, wanted.tag, text))
    return "updated"


def hold(checks: Checks, wanted: CheckWanted) -> Put:
    """Shut a commit's gate by `wanted`, which has not ended, in a check run of its own: GitHub sets
    back none that has ended, and counts the newest."""
    try:
        _create(checks, wanted)
    except AccessDenied as error:
        return _denied(error)
    except ReplannerError as error:
        return Put("none", error=error)
    return Put("created")


def _say(text: CheckText, write: Callable[[CheckText], None]) -> None:
    """GitHub may refuse a remark or a word of it, and then what stood there before would go on
    letting pass: so it is said in less and less, and in the end only that it could not be."""
    bare = (replace(text, remarks=()),) if text.remarks else ()
    for less in (*bare, REFUSED_TEXT):
        try:
            return write(text)
        except AccessDenied:
            raise
        except InputError:
            text = less
    return write(text)


def _says(run: CheckRun, wanted: CheckWanted) -> bool:
    return run.tag == wanted.tag and run.conclusion == wanted.text.conclusion


def _create(checks: Checks, wanted: CheckWanted) -> None:
    _say(wanted.text, lambda text: _create_once(checks, replace(wanted, text=text), wanted.tag))


def _create_once(checks: Checks, wanted: CheckWanted, tag: str) -> None:
    """It may be done though its answer was lost."""
    try:
        checks.create(wanted.commit, tag, wanted.text)
    except RateLimited:
        raise
    except UpstreamError:
        found = checks.find(wanted.commit)
        if found is None or found.tag != tag:
            raise
