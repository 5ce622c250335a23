"""Decides what the comment below a pull request says: the verdict with its cause, one table, the
one thing to do; everything else is folded away, and goes where there is no room for it."""

from replanner.planning.causes import Cause
from replanner.planning.wording import short_commit
from replanner.report.alert import alert
from replanner.report.bars import memory_bars
from replanner.report.changes import cause_text
from replanner.report.compared import unlisted
from replanner.report.details import (
    artifacts,
    details_of_many,
    details_of_one,
    figures,
    history,
    unchanged,
)
from replanner.report.headline import (
    MARKDOWN,
    counts,
    old_troubles,
    sentence,
)
from replanner.report.limits import breach_phrase
from replanner.report.look import Look
from replanner.report.markdown import (
    Section,
    code,
    escape,
    fenced,
    joined,
    link,
    middle_cut,
    within,
)
from replanner.report.overview import ordered, overview
from replanner.report.review import Review, Reviewed
from replanner.report.troubles import troubles

_MOST_CAUSES = 3
_MOST_NOTES = 10
_MOST_OLD = 5
_MOST_VERSIONS = 3
_ROOM_FOR_NOTE = 20


def comment(review: Review, look: Look) -> str:
    """The comment's Markdown, at most `look.budget_bytes` of UTF-8."""
    room = look.budget_bytes - _below(review, look)
    kept, dropped = within(sections(review, look), budget_bytes=room)
    hidden = sum(section.details for section in dropped)
    return joined([*(section.text for section in kept), footer(review, look, hidden=hidden)])


def _below(review: Review, look: Look) -> int:
    """What the footer takes at most."""
    return len(footer(review, look, hidden=len(review.profiles)).encode()) + _ROOM_FOR_NOTE


def sections(review: Review, look: Look) -> list[Section]:
    """Everything but the footer, in order."""
    alone = review.news[0] if len(review.news) == 1 else None
    head = [
        Section(_headline(review, look)),
        Section(_lead(alone, review, look) if alone else _counts(review), 1),
        Section(_notes(review), 1),
    ]
    tail = [
        Section(troubles(review, look), 2),
        Section(alert(review, look)),
        Section(_old(review), 3),
    ]
    firm = sum(len(one.text.encode()) + 2 for one in [*head, *tail])
    room = look.budget_bytes - firm - _below(review, look) - _ROOM_FOR_NOTE
    middle = _one(alone, look) if alone else [Section(overview(review, look, room_bytes=room))]
    return [*head, *middle, *tail, *_folded(alone, review, look)]


def compared(review: Review, look: Look) -> str:
    """What was compared, and with what."""
    versions = sorted(
        {one.record.plan.config.vllm_version for one in review.profiles if one.record}
    )[:_MOST_VERSIONS]
    base = code(middle_cut(f"{review.base}@{short_commit(review.base_commit)}"))
    told = [
        f"Planned {code(short_commit(review.head_commit))} against {base}",
        f"vLLM {escape(', '.join(versions), longest=60)}" if versions else "",
        f"replanner {escape(look.planner_version, longest=40)}" if look.planner_version else "",
    ]
    return ", ".join(part for part in told if part)


def footer(review: Review, look: Look, *, hidden: int = 0) -> str:
    """One grey line: what was compared, and where there is more."""
    summary = link("job summary", look.run_url)
    links = [
        f"details of {hidden} profile{'s' * (hidden > 1)} are in the {summary}" if hidden else "",
        link("full report", look.run_url) if look.run_url and not hidden else "",
        "updated in place on every push",
    ]
    return f"<sub>{' · '.join([compared(review, look), *(part for part in links if part)])}</sub>"


def _headline(review: Review, look: Look) -> str:
    text = sentence(review, MARKDOWN, again=bool(look.history))
    scope = "" if look.scope == "default" else f"{code(look.scope, longest=60)} "
    return f"### {scope}{text}"


def _counts(review: Review) -> str:
    return counts(review) if review.news else ""


def _lead(one: Reviewed, review: Review, look: Look) -> str:
    """Why, with the lines that did it."""
    if one.trouble:
        return ""
    where = look.file(review, one.path)
    if one.kind == "removed":
        return f"{where} is gone."
    plan = one.record.plan if one.record else None
    if one.kind == "new" and plan:
        model = f"{code(plan.model.id, longest=100)} with vLLM {escape(plan.config.vllm_version)}"
        return f"{where} is new: {model}."
    causes = one.change.causes if one.change else ()
    told = [_cause(cause, one, review, look) for cause in causes[:_MOST_CAUSES]]
    more = len(causes) - _MOST_CAUSES
    told += [f"{more} more"] if more > 0 else []
    return f"{where}: {'; '.join(told)}." if told else ""


def _cause(cause: Cause, one: Reviewed, review: Review, look: Look) -> str:
    text = cause_text(cause)
    place = one.place(cause.subject) if cause.kind == "profile" else None
    if place is None:
        return text
    link_text = look.linked(review, f"line {place.line}", one.path, line=place.line)
    return f"{text} ({link_text})"


def _notes(review: Review) -> str:
    return "\n".join(f"- ⚠️ Note: {escape(note)}" for note in review.notes[:_MOST_NOTES])


def _one(one: Reviewed, look: Look) -> list[Section]:
    """The table of the only profile, its unlisted breaches, and its memory drawn."""
    before, after = one.sides
    if one.record is None or after is None:
        return []
    others = [f"- ❌ {escape(breach_phrase(breach))}" for breach in unlisted(one.breaches)]
    drawn = fenced(memory_bars(before and before.plan, after.plan))
    return [
        Section(figures(one)),
        Section("\n".join(others), 1),
        Section(drawn if look.charts != "none" else "", 2),
    ]


def _old(review: Review) -> str:
    told = old_troubles(review)
    more = len(told) - _MOST_OLD
    lines = [f"<sub>{line}</sub>" for line in told[:_MOST_OLD]]
    lines += [f"<sub>{more} more were so before.</sub>"] if more > 0 else []
    return joined(lines)


def _folded(alone: Reviewed | None, review: Review, look: Look) -> list[Section]:
    news = ordered(review.news)
    return [
        *(details_of_one(alone, look) if alone else details_of_many(news)),
        artifacts(review),
        unchanged(review),
        history(look),
    ]
