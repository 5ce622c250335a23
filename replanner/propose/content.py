"""Decides what a pull request says: a fenced region that is ours, and people's own words around
it, title, draft and labels kept as they left them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from replanner.propose.shapes import MODIFIED_LABEL, REPLAN_LABEL, Proposal, Shown
from replanner.propose.state import State, around, read_state, region, words

_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/#-]{1,300}")
_MODIFIED = (
    "> **Somebody else committed to this branch**, so replanner no longer updates it. What follows"
    " is the plan as it is now; tick the first box below to have the branch written afresh."
)
_SPENT = (
    "> **Nothing is left to propose here**, but somebody else committed to this branch, so it stays"
    " open. Merge or close it as you see fit."
)
_NO_ROOM = (
    "The figures are left out: what stands around this text leaves no room for them. The files and"
    " the commit's message have them."
)
_CONTROLS = "\n\n---\n\n"
# GitHub refuses a longer body: docs.github.com documents 65,536 characters.
MOST_CHARACTERS = 65_536


@dataclass(frozen=True, slots=True)
class Content:
    """A pull request to be written. Assignees and reviewers are asked once, when it is opened."""

    branch: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...]
    draft: bool
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()


def compose(
    proposal: Proposal,
    head: str,
    *,
    shown: Shown | None = None,
    modified: bool = False,
    follows: str = "",
) -> Content:
    """The proposal as a pull request; what people changed in the one that is shown stays.
    `follows` is the address of the one before it."""
    if shown is None:
        return _new(proposal, _fresh(proposal, head, follows=follows))
    before = read_state(shown.body)
    told = _fresh(proposal, head, modified=modified)
    told = _carried(told, before, modified=modified) if before else told
    title, draft = proposal.title, proposal.draft
    if before:
        # The state keeps what we set last, so that a person's own word is told from ours.
        if shown.title != before.title:
            title, told = shown.title, replace(told, title=before.title)
        if shown.draft != before.draft:
            draft, told = shown.draft, replace(told, draft=before.draft)
    labels = _merged(shown.labels, before.labels if before else (), told.labels)
    body = around(shown.body, _text(proposal, told, modified=modified))
    if len(body) > MOST_CHARACTERS:
        brief = replace(proposal, text=_brief(proposal.text))
        body = around(shown.body, _text(brief, told, modified=modified))
    return Content(proposal.branch, proposal.base, title, body, labels, draft)


def _new(proposal: Proposal, told: State) -> Content:
    return Content(
        branch=proposal.branch,
        base=proposal.base,
        title=proposal.title,
        body=around("", _text(proposal, told)),
        labels=tuple(sorted(set(told.labels))),
        draft=proposal.draft,
        assignees=proposal.assignees,
        reviewers=proposal.reviewers,
        team_reviewers=proposal.team_reviewers,
    )


def _fresh(proposal: Proposal, head: str, *, modified: bool = False, follows: str = "") -> State:
    return State(
        proposal.group,
        proposal.digest,
        head,
        proposal.title,
        labels=(*proposal.labels, MODIFIED_LABEL) if modified else proposal.labels,
        draft=proposal.draft,
        infeasible=proposal.infeasible,
        follows=follows if _ADDRESS.fullmatch(follows) else "",
    )


def _carried(told: State, before: State, *, modified: bool) -> State:
    """What holds on from one writing to the next."""
    told = replace(told, follows=before.follows)
    if before.digest == told.digest:
        told = replace(told, asked=before.asked, refusal=before.refusal)
    if modified:  # the branch still holds what we pushed before
        digest, head, verdict = before.digest, before.head, before.infeasible
        told = replace(told, digest=digest, head=head, infeasible=verdict)
    return told


def _text(proposal: Proposal, told: State, *, modified: bool = False) -> str:
    parts = [
        _MODIFIED if modified else "",
        f"Follows {told.follows}, which was closed." if told.follows else "",
        proposal.text.strip(),
        f"**Not merged by itself:** {told.refusal}" if told.refusal else "",
    ]
    return region("\n\n".join(filter(None, parts)), told)


def _brief(text: str) -> str:
    """The verdict, and what people can tick; a person's own words are not ours to cut."""
    said, line, below = text.rpartition(_CONTROLS)
    headline = (said or text).partition("\n\n")[0]
    return f"{headline}\n\n{_NO_ROOM}{line}{below if said else ''}"


def answered(shown: Shown, refusal: str) -> Shown:
    """The same with the forge's answer in its state: it was asked to merge this content by itself,
    and why it would not (Markdown), or that it will."""
    state = read_state(shown.body)
    if state is None:
        return shown
    told = replace(state, asked=state.digest, refusal=refusal)
    return replace(shown, body=around(shown.body, region(words(shown.body), told)))


def closed(shown: Shown, reason: str) -> str:
    """The body of a pull request that we close: the reason first, and that it was us."""
    state = read_state(shown.body)
    return _headed(shown, f"**Closed:** {reason}.", state and replace(state, closed=True))


def spent(shown: Shown) -> str:
    """The body of a pull request that nothing is left of, but others' commits."""
    state = read_state(shown.body)
    return _headed(shown, _SPENT, state and replace(state, spent=True))


def _headed(shown: Shown, notice: str, told: State | None) -> str:
    """What was said stays below the notice; a body that we cannot read stays as it is."""
    if told is None:
        return shown.body
    return around(shown.body, region(f"{notice}\n\n{words(shown.body)}", told))


def _merged(
    shown: Iterable[str], ours_before: Iterable[str], now: Iterable[str]
) -> tuple[str, ...]:
    """Labels are added, and only those removed that we had set ourselves, or that were a wish
    which is granted now."""
    gone = {*ours_before, REPLAN_LABEL} - set(now)
    return tuple(sorted((set(shown) - gone) | set(now)))
