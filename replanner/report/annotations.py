"""Decides which lines of profiles are marked in a pull request, and how: the worst first, those
that it touches before others, and no more than are shown.

Ten of a severity are shown for a step, the rest is dropped without a word
(https://github.com/orgs/community/discussions/26680), so the tenth says how many there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from replanner.planning.result import Finding
from replanner.report.headline import PLAIN, phrase, reason
from replanner.report.limits import breach_phrase
from replanner.report.marks import is_old_trouble
from replanner.report.review import Position, Review, Reviewed

Severity = Literal["error", "warning", "notice"]
MOST = 9
NOT_PLANNED = "not_planned"
CONFIG_PATH = ".github/replanner.yaml"
_ORDER: tuple[Severity, ...] = ("error", "warning", "notice")
_TOP = Position(1, 1)
_LONGEST = 2_000
_MOST_NAMED = 3
# Keys that stand in every profile, for what is about none in particular.
_ANYWHERE = ("model.id", "profile_version")
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTIES = (*_DATA, (":", "%3A"), (",", "%2C"))


class Annotation(NamedTuple):
    """A remark on a line of a file; without a file it is about the run."""

    severity: Severity
    message: str
    title: str = "replanner"
    file: str = ""
    line: int = 0
    end_line: int = 0
    column: int = 0


class Remark(NamedTuple):
    """Something wrong with a profile, and where. `code` is what scripts match on."""

    severity: Severity
    code: str
    message: str
    path: str
    at: Position
    known: bool = False


def annotations(review: Review, *, most: int = MOST) -> tuple[Annotation, ...]:
    """At most `most` of each severity, and one more that counts those left out."""
    found = sorted(remarks(review), key=lambda one: _rank(one, review))
    return tuple(one for severity in _ORDER for one in _limited(found, severity, most))


def lasting(review: Review, *, most: int) -> tuple[Annotation, ...]:
    """The worst `most` of all, for where no remark is ever taken back: what could not be looked up
    now may be in a minute, so that is left to the text."""
    found = [one for one in remarks(review) if one.code != NOT_PLANNED]
    found.sort(key=lambda one: (_ORDER.index(_shown(one)), *_rank(one, review)))
    return tuple(map(_annotation, found[:most]))


def command(one: Annotation) -> str:
    """The line that makes GitHub Actions show it; nothing in it can start another one."""
    places: dict[str, object] = {
        "file": one.file,
        "line": one.line,
        "endLine": one.end_line,
        "col": one.column,
        "title": one.title,
    }
    told = [f"{key}={_replaced(str(value), _PROPERTIES)}" for key, value in places.items() if value]
    return f"::{one.severity} {','.join(told)}::{_replaced(one.message, _DATA)}"


def remarks(review: Review) -> Iterator[Remark]:
    """Everything that is wrong, `known` where it was so before."""
    if review.config_trouble:
        told = review.config_trouble
        message = f"{told.message} {told.hint}".rstrip()
        yield Remark("error", "bad_config", message, CONFIG_PATH, told.position or _TOP)
    for one in review.profiles:
        for severity, code, message, at in _of(one):
            yield Remark(severity, code, message, one.path, at, is_old_trouble(one))


_Wrong = tuple[Severity, str, str, Position]


def _of(one: Reviewed) -> Iterator[_Wrong]:
    if one.trouble is not None:
        yield _trouble(one)
        return
    for breach in one.breaches:
        at = _place(one, breach.setting or _moved(one))
        yield "error", f"policy_{breach.limit}", f"{one.name} {breach_phrase(breach)}.", at
    found = _findings(one)
    if one.level == "infeasible" and all(finding.severity != "error" for finding in found):
        yield "error", "does_not_fit", f"{one.name} {phrase(one, PLAIN)}.", _place(one, "")
    for finding in found:
        at = _place(one, finding.setting)
        yield _SEVERITIES[finding.severity], finding.code, _sentence(finding), at
    if one.stale:
        others = " and others" if one.stale[_MOST_NAMED:] else ""
        names = ", ".join(one.stale[:_MOST_NAMED]) + others
        yield "warning", "stale_artifact", f"Generated files are out of date: {names}.", _TOP


_SEVERITIES: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "notice"}


def _trouble(one: Reviewed) -> _Wrong:
    trouble = one.trouble
    at = (trouble and trouble.position) or _TOP
    told = f"{reason(one).rstrip('.')}. {trouble.hint if trouble else ''}".rstrip()
    if one.kind == "unknown":
        return "warning", NOT_PLANNED, f"{one.name} could not be planned: {told}", at
    return "error", "bad_profile", told, at


def _moved(one: Reviewed) -> str:
    """The key of the profile that moved, for what no key stands for."""
    causes = one.change.causes if one.change else ()
    return next((cause.subject for cause in causes if cause.kind == "profile"), "")


def _findings(one: Reviewed) -> Sequence[Finding]:
    """New ones; all that stop a plan which does not fit. Information is no remark."""
    record = one.change.new if one.change else one.record
    if record is None:
        return ()
    new = one.change.appeared if one.change else ()
    stops = [found for found in record.plan.findings if found.severity == "error"]
    told = [*(stops if one.level == "infeasible" else ()), *new]
    return [found for found in dict.fromkeys(told) if found.severity != "info"]


def _sentence(finding: Finding) -> str:
    return f"{finding.message} {finding.hint}".strip()


def _place(one: Reviewed, setting: str) -> Position:
    keys = (setting, *_ANYWHERE) if setting else _ANYWHERE
    return next((found for key in keys if (found := one.place(key))), _TOP)


def _rank(one: Remark, review: Review) -> tuple[bool, bool]:
    """What was so before comes last; within that, touched lines first."""
    return one.known, (one.path, one.at.line) not in review.changed_lines


def _limited(found: Iterable[Remark], severity: Severity, most: int) -> list[Annotation]:
    of_kind = [one for one in found if _shown(one) == severity]
    told = list(map(_annotation, of_kind[:most]))
    more = len(of_kind) - most
    if more > 0:
        told.append(Annotation(severity, f"And {more} more; the job summary has all of them."))
    return told


def _annotation(one: Remark) -> Annotation:
    message, title = _plain(one.message), f"replanner: {_plain(one.code)}"
    at = one.at
    return Annotation(_shown(one), message, title, one.path, at.line, at.line, at.column)


def _shown(one: Remark) -> Severity:
    """What a pull request did not do is only noted."""
    return "notice" if one.known else one.severity


def _plain(text: str) -> str:
    """Lines stay lines; no other control character is left."""
    kept = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return kept[:_LONGEST].strip()


def _replaced(text: str, table: Iterable[tuple[str, str]]) -> str:
    for char, code in table:
        text = text.replace(char, code)
    return text
