"""Decides how profiles that could not be planned are told: where, why, and what would be right."""

from collections.abc import Sequence

from replanner.report.headline import reason
from replanner.report.look import Look
from replanner.report.markdown import bullets, code, escape, joined, listed, middle_cut
from replanner.report.review import Review, Reviewed, Trouble

_MOST = 10
_NO_REASON = Trouble("no reason is known", "", 4)


def troubles(review: Review, look: Look) -> str:
    """Each failed profile with its place; unknown ones together where they share a reason."""
    failed = [one for one in review.news if one.kind == "failed"]
    unknown = [one for one in review.news if one.kind == "unknown"]
    alone = len(review.news) == 1
    return joined([_failed(failed, review, look, alone=alone), _unknown(unknown, alone=alone)])


def _failed(found: Sequence[Reviewed], review: Review, look: Look, *, alone: bool) -> str:
    """What would be right stands in the alert; the headline tells the only profile's first one."""
    if not alone:
        return bullets([_problem(one, review, look) for one in found], most=_MOST)
    lines = [line for one in found for line in _trouble(one).message.strip().splitlines()[1:]]
    return bullets([escape(line) for line in lines], most=_MOST)


def _problem(one: Reviewed, review: Review, look: Look) -> str:
    where = look.file(review, one.path, _trouble(one).position)
    return f"❌ {code(middle_cut(one.name))}, {where}: {escape(reason(one))}"


def _trouble(one: Reviewed) -> Trouble:
    return one.trouble or _NO_REASON


def _unknown(found: Sequence[Reviewed], *, alone: bool) -> str:
    reasons: dict[str, list[str]] = {}
    for one in found:
        reasons.setdefault(_trouble(one).message, []).append(one.name)
    lines = [
        f"- ⚠️ Not planned: {listed(names)}" + ("" if alone else f": {escape(reason)}")
        for reason, names in list(reasons.items())[:_MOST]
    ]
    tail = "Nothing is known about them, so nothing is said against them."
    return "\n".join([*lines, "", tail]) if lines else ""
