"""Decides the table of several profiles: one row each, the worst first, as many as
there is room for."""

from collections.abc import Sequence

from replanner.planning.diff import Change
from replanner.report.changes import cause_words, outcome
from replanner.report.figures import NO_BREAK
from replanner.report.limits import limit_text
from replanner.report.look import Look
from replanner.report.markdown import escape
from replanner.report.marks import EMOJI, ORDER, is_old_trouble, mark
from replanner.report.review import Review, Reviewed
from replanner.report.rows import HEAD, figures_cells, label, table_within, where

_COLUMNS = (*HEAD, "Why")
_SHORT = 90
_MOST_REASONS = 2


def ordered(found: Sequence[Reviewed]) -> list[Reviewed]:
    """The worst first; the review's own order where marks are the same."""
    return sorted(found, key=lambda one: ORDER.index(mark(one)))


def overview(review: Review, look: Look, *, room_bytes: int) -> str:
    """All rows in full where half the room holds them; else short ones, and a count of the rest."""
    found = ordered([one for one in review.news if one.record])
    if not found:
        return ""
    full = [_full_row(one, review, look) for one in found]
    short = (_short_row(one) for one in found)
    told, count = table_within(_COLUMNS, full, short, room_bytes=room_bytes)
    return f"{told}\n\n{_rest(found[count:])}".strip() if count < len(found) else told


def _rest(rest: Sequence[Reviewed]) -> str:
    marks = [mark(one) for one in rest]
    kinds = [f"{EMOJI[kind]} {marks.count(kind)}" for kind in ORDER if kind in marks]
    return f"And {len(rest)} more profiles: {', '.join(kinds)}."


def _full_row(one: Reviewed, review: Review, look: Look) -> tuple[str, ...]:
    name = label(one.name)
    shown = name if one.kind == "removed" else look.linked(review, name, one.path)
    place = where(one.record) if one.record else ""
    cells = _cells(one, bars=look.charts != "none")
    return (f"{EMOJI[mark(one)]}{NO_BREAK}{shown}<br>{place}", *cells, _why(one))


def _short_row(one: Reviewed) -> tuple[str, ...]:
    name = f"{EMOJI[mark(one)]}{NO_BREAK}{label(one.name)}"
    return (name, *_cells(one, bars=False), _why(one, most=1))


def _cells(one: Reviewed, *, bars: bool) -> tuple[str, str, str]:
    return figures_cells(*one.sides, bars=bars)


def _why(one: Reviewed, *, most: int = _MOST_REASONS) -> str:
    """What moved, and what broke by it."""
    reasons = ["was so before"] if is_old_trouble(one) else []
    reasons += [escape(limit_text(breach), longest=_SHORT) for breach in one.breaches[:1]]
    if one.change and one.level == "infeasible":
        reasons.append(escape(_push(one.change), longest=_SHORT))
    return "; ".join([*reasons[:most], *_moves(one)[:1]])


def _push(change: Change) -> str:
    """`weights grew by 96.4 GiB`; the whole verdict where no memory is to blame."""
    told = outcome(change)
    return told.partition(" because ")[2] or told


def _moves(one: Reviewed) -> list[str]:
    change = one.change
    if change is None or change.kind == "new":
        return ["new profile"] if one.kind == "new" else []
    if change.kind == "removed":
        gpus = change.record.plan.hardware.gpus
        return [f"frees {gpus} GPU{'s' * (gpus > 1)}"]
    told = [escape(cause_words(cause), longest=_SHORT) for cause in change.causes]
    return told or [escape(change.verdict, longest=_SHORT)]
