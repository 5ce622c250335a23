"""Decides what is folded away below the first screen, and what of it goes first where room ends."""

from collections.abc import Sequence

from replanner.planning.diff import Change
from replanner.report.changes import causes_list, findings, outcome, settings_table
from replanner.report.charts import memory_chart
from replanner.report.compared import comparison
from replanner.report.limits import Limits
from replanner.report.look import Look
from replanner.report.markdown import Section, code, escape, folded, joined, listed, middle_cut
from replanner.report.marks import EMOJI, mark
from replanner.report.review import Review, Reviewed
from replanner.report.speeds import speeds
from replanner.report.terms import moved_terms, terms

# What is dropped last has the lowest rank.
RANKS = {"bad": 6, "look": 7, "artifacts": 8, "good": 9, "speeds": 10, "chart": 11, "names": 12}
_APPLY = "replanner:apply"
_MOST_NAMED = 1000


def details_of_one(one: Reviewed, look: Look) -> list[Section]:
    """The only profile: a fold for each kind of thing to look up."""
    before, after = one.sides
    if one.record is None or after is None:
        return []
    rank = RANKS["bad"]
    title = f"<b>Memory</b> term by term ({moved_terms(before, after)})"
    drawn = memory_chart(before and before.plan, after.plan) if look.charts == "mermaid" else ""
    told = speeds(before, after)
    return [
        Section(folded(title, joined([terms(before, after), drawn])), rank, 1),
        Section(folded("<b>Performance</b> with its ranges", told), RANKS["speeds"]),
        *[Section(text, RANKS["look"]) for text in _changes(one)],
    ]


def details_of_many(found: Sequence[Reviewed]) -> list[Section]:
    """A fold for each profile that needs a look, one for all the others."""
    there = [one for one in found if one.record and one.kind != "removed"]
    worse = [one for one in there if mark(one) in ("bad", "look")]
    fine = [one for one in there if one not in worse]
    own = [Section(folded(_title(one), whole(one)), RANKS[mark(one)], 1) for one in worse]
    rest = joined([f"**{code(middle_cut(one.name))}**\n\n{whole(one)}" for one in fine])
    title = f"✅ {len(fine)} more changed profile{'s' * (len(fine) > 1)}"
    return [*own, Section(folded(title, rest), RANKS["good"], len(fine))]


def whole(one: Reviewed, *, brief: bool = True) -> str:
    """Everything there is to look up about a profile."""
    before, after = one.sides
    if after is None:
        return ""
    told = speeds(before, after, brief=brief)
    return joined([terms(before, after), *_why(one.change), told])


def _why(change: Change | None) -> list[str]:
    if change is None:
        return []
    return [settings_table(change) or causes_list(change), findings(change)]


def figures(one: Reviewed) -> str:
    """The headline figures with the limits for them."""
    return comparison(*one.sides, Limits(one.breaches, one.kept))


def artifacts(review: Review) -> Section:
    """Generated files that are not what the profiles give now."""
    stale = [path for one in review.profiles for path in one.stale]
    edited = [path for one in review.profiles for path in one.hand_edited]
    parts = []
    if stale:
        parts.append(
            f"Out of date: {listed(stale)}. Run <code>replanner apply</code>, or add the label"
            f" <code>{_APPLY}</code> and replanner puts them on this branch."
        )
    if edited:
        parts.append(f"Edited by hand, so replanner does not write them: {listed(edited)}.")
    count = len(stale) + len(edited)
    verb = "files need" if count > 1 else "file needs"
    title = f"<b>Artifacts</b>: {count} generated {verb} a look"
    return Section(folded(title, joined(parts)), RANKS["artifacts"])


def unchanged(review: Review) -> Section:
    """The names of what stays as it is."""
    names = [middle_cut(one.name) for one in review.profiles if one.kind == "unchanged"]
    title = f"{len(names)} unchanged profile{'s' * (len(names) > 1)}"
    return Section(folded(title, listed(names, most=_MOST_NAMED)), RANKS["names"])


def history(look: Look) -> Section:
    """What earlier pushes came to."""
    lines = [
        f"- {code(past.commit[:7])} {escape(past.verdict, longest=200)}" for past in look.history
    ]
    return Section(folded("Previous plans", "\n".join(lines)), RANKS["chart"])


def _title(one: Reviewed) -> str:
    told = outcome(one.change) if one.change else ""
    tail = f": {escape(told, longest=120)}" if told else ""
    return f"{EMOJI[mark(one)]} <b>{code(middle_cut(one.name))}</b>{tail}"


def _changes(one: Reviewed) -> list[str]:
    if one.change is None:
        return []
    count = len(one.change.settings)
    news = len(one.change.appeared)
    return [
        folded(f"<b>Settings</b>: {count} changed, and why", settings_table(one.change)),
        folded(f"<b>Findings</b>: {news or 'none'} new", findings(one.change)),
    ]
