"""Decides the one call to action of a comment: the exact lines of the profiles to change."""

from collections.abc import Sequence

from replanner.report.changes import fixes_text
from replanner.report.look import Look
from replanner.report.markdown import code, escape, middle_cut
from replanner.report.marks import is_old_trouble, mark
from replanner.report.review import Edit, Review, Reviewed

_MOST_PROFILES = (5, 3, 1)
_MOST_EDITS = 2
_LARGEST_BYTES = 6_000
_SHORT = 120


def alert(review: Review, look: Look) -> str:
    """What unblocks, one profile a line; a tip where nothing is blocked; else nothing."""
    if review.config_trouble:
        told = escape(review.config_trouble.hint or "the configuration has to be right first")
        return _block([f"**To unblock:** {told}"], look, bad=True)
    bad = [one for one in review.news if mark(one) == "bad"]
    found = bad or [one for one in review.news if one.edits and not is_old_trouble(one)]
    if not found:
        return ""
    for most in _MOST_PROFILES:
        text = _quoted(found, review, look, bad=bool(bad), most=most)
        if len(text.encode()) <= _LARGEST_BYTES:
            break
    return text


def _quoted(found: Sequence[Reviewed], review: Review, look: Look, *, bad: bool, most: int) -> str:
    asked = "To unblock" if review.blocked else "To fix it" if bad else "Worth changing"
    lines = [_line(one, review, look) for one in found[:most]]
    more = len(found) - most
    if more > 0:
        lines.append(f"and {more} more: see below and the job summary")
    body = (
        [f"**{asked}:** {lines[0]}."]
        if len(lines) == 1
        else [f"**{asked}:**", "", *(f"- {line}" for line in lines)]
    )
    return _block(body, look, bad=bad)


def _block(body: Sequence[str], look: Look, *, bad: bool) -> str:
    kind = [f"[!{'CAUTION' if bad else 'TIP'}]"] if look.alerts else []
    return "\n".join(f"> {line}".rstrip() for line in [*kind, *body])


def _line(one: Reviewed, review: Review, look: Look) -> str:
    if one.edits:
        return _edits(one.edits[:_MOST_EDITS], review, look)
    where = look.file(review, one.path, one.trouble and one.trouble.position)
    if one.trouble:
        hint = one.trouble.hint or "nothing of it is planned until that is right"
        return f"{where}: {escape(hint, longest=_SHORT).rstrip('.')}"
    if one.record and one.record.plan.fixes:
        return f"in {where} {fixes_text(one.record.plan.fixes)}"
    if one.level == "policy":
        return f"{where} breaks the policy, and no single change that was tried keeps it"
    name = code(middle_cut(one.name))
    return f"no single change that was tried makes {name} fit: take a larger GPU or another model"


def _edits(edits: Sequence[Edit], review: Review, look: Look) -> str:
    return ", or ".join(
        f"in {look.file(review, edit.path, edit.line)} set"
        f" {code(f'{edit.setting}: {edit.value}', longest=_SHORT)}"
        + (f" ({escape(edit.effect, longest=_SHORT)})" if edit.effect else "")
        for edit in edits
    )
