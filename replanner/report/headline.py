"""Decides the sentence that says what became of a pull request's profiles: who, what, how much."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from replanner.planning.verdict import first_verdict
from replanner.planning.wording import short_commit
from replanner.report.changes import outcome
from replanner.report.limits import breach_phrase
from replanner.report.markdown import code, escape, middle_cut, one_line
from replanner.report.marks import EMOJI, Mark, is_old_trouble, mark
from replanner.report.review import Review, Reviewed

_MOST_NAMED = 2
_PLACE = re.compile(r":(\d+:)*\s*")


class Words(NamedTuple):
    """How foreign words get into the sentence."""

    name: Callable[[str], str]
    text: Callable[[str], str]


MARKDOWN = Words(lambda text: code(middle_cut(text)), escape)
PLAIN = Words(middle_cut, lambda text: one_line(text, longest=300))


def sentence(review: Review, words: Words = PLAIN, *, again: bool = False) -> str:
    """The verdict, its mark first; `again`: an earlier push had something to say."""
    news = review.news
    found, text = _several(review, words) if len(news) != 1 else _single(news[0], words)
    if review.config_trouble:
        found, text = "bad", words.text(first_line(review.config_trouble.message))
    elif not news:
        found, text = _none(review, again=again)
    return f"{EMOJI[found]} {text}"


def counts(review: Review) -> str:
    """How many profiles came out how; nothing foreign in it."""
    found = [_kind(one) for one in review.profiles]
    changed = sum(found.count(kind) for kind in _CHANGED)
    told = ", ".join(_counted(found.count(kind), kind) for kind in _CHANGED if kind in found)
    head = f"{changed} profile{'s' * (changed > 1)} changed: {told}" if changed else ""
    rest = [_counted(found.count(kind), kind) for kind in _OTHERS if kind in found]
    return "; ".join(part for part in (head, *rest) if part) + "."


def phrase(one: Reviewed, words: Words) -> str:
    """What became of one profile, as a predicate."""
    if one.trouble is not None:
        verb = "cannot" if one.kind == "failed" else "could not"
        return f"{verb} be planned: {words.text(reason(one))}"
    told = _outcome(one)
    if one.breaches and one.level == "policy":
        still = told.partition(":")[0].partition(",")[0]
        told = f"{still}, but {breach_phrase(one.breaches[0])}"
    return words.text(told)


def reason(one: Reviewed) -> str:
    """Why it could not be planned; its path and line are told elsewhere."""
    told = first_line(one.trouble.message) if one.trouble else "no reason is known"
    return _PLACE.sub("", told.removeprefix(one.path)) if told.startswith(one.path) else told


def _outcome(one: Reviewed) -> str:
    if one.change is not None:
        return outcome(one.change)
    return first_verdict(one.record) if one.record else "is unchanged"


def old_troubles(review: Review, words: Words = MARKDOWN) -> list[str]:
    """What is wrong with profiles and was wrong before this pull request."""
    where = words.name(f"{review.base}@{short_commit(review.base_commit)}")
    return [
        f"{words.name(one.name)} {_wrong(one)} on {where} already: not this pull request's doing."
        for one in review.profiles
        if is_old_trouble(one)
    ]


def _wrong(one: Reviewed) -> str:
    if one.kind == "failed":
        return "could not be planned"
    if one.level == "policy":
        return "broke the policy"
    record = one.change.old if one.change else one.record
    if record is None:  # read from a report, which holds no plans of what did not change
        return "was infeasible"
    return "did not fit" if record.plan.feasibility.starts else "did not start"


def _single(one: Reviewed, words: Words) -> tuple[Mark, str]:
    found = mark(one)
    if one.trouble is not None and one.kind == "failed":
        return found, words.text(first_line(one.trouble.message))
    if one.trouble is not None:
        return found, f"Could not plan {words.name(one.name)}: {words.text(reason(one))}"
    if is_old_trouble(one) and one.kind != "changed":
        return "good", f"This pull request breaks nothing: {words.name(one.name)} was so before"
    return found, f"{words.name(one.name)} {phrase(one, words)}"


def _none(review: Review, *, again: bool) -> tuple[Mark, str]:
    text = "No profile's memory or performance changes" + (" any more" if again else "")
    stale = sum(len(one.stale) for one in review.profiles)
    if not stale:
        return "good", text
    files = "files are" if stale > 1 else "file is"
    return "look", f"{text}, but {stale} generated {files} out of date"


def _several(review: Review, words: Words) -> tuple[Mark, str]:
    marked = [(mark(one), one) for one in review.news]
    total = len(review.profiles)
    bad = [one for found, one in marked if found == "bad"]
    if bad:
        verb = "break" if len(bad) > 1 else "breaks"
        return "bad", f"{len(bad)} of {total} profiles {verb}: {_named(bad, words)}"
    unknown = [one for one in review.news if one.kind == "unknown"]
    if unknown:
        told = words.text(reason(unknown[0]))
        return "look", f"Could not plan {len(unknown)} of {total} profiles: {told}"
    look = [one for found, one in marked if found == "look" and not is_old_trouble(one)]
    if look:
        return "look", f"{len(look)} of {total} profiles to look at: {_named(look, words)}"
    return "good", _fine(review.news)


def _fine(news: Sequence[Reviewed]) -> str:
    if any(is_old_trouble(one) for one in news):
        return "This pull request breaks nothing"
    fits = all(one.change is None or one.change.after in (None, "fits") for one in news)
    return f"{len(news)} profiles changed, {'all fit' if fits else 'none breaks'}"


def _named(found: Sequence[Reviewed], words: Words) -> str:
    told = [f"{words.name(one.name)} {phrase(one, words)}" for one in found[:_MOST_NAMED]]
    more = len(found) - _MOST_NAMED
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def first_line(message: str) -> str:
    """An error's first problem, and how many others it has."""
    lines = message.strip().splitlines() or [""]
    return lines[0] + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")


# Each with its singular and plural.
_CHANGED = {
    "infeasible": ("does not fit", "do not fit"),
    "policy": ("breaks the policy", "break the policy"),
    "look": ("to look at", "to look at"),
    "new": ("new", "new"),
    "removed": ("removed", "removed"),
    "good": ("fine", "fine"),
}
_OTHERS = {
    "failed": ("cannot be planned", "cannot be planned"),
    "unknown": ("could not be looked up", "could not be looked up"),
    "unchanged": ("unchanged", "unchanged"),
}


def _counted(count: int, kind: str) -> str:
    singular, plural = (_CHANGED | _OTHERS)[kind]
    return f"{count} {plural if count > 1 else singular}"


def _kind(one: Reviewed) -> str:
    if one.kind in _OTHERS:
        return one.kind
    found = mark(one)
    if found != "bad":
        return found
    return "infeasible" if one.level == "infeasible" else "policy"
