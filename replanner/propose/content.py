"""Decides what a pull request says: a fenced region that is ours, the hidden state in it, and
people's own words around it, title and labels kept as they left them."""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from replanner.propose.shapes import MODIFIED_LABEL, Proposal, Shown

_BEGIN = "<!-- replanner:begin -->"
_END = "<!-- replanner:end -->"
_STATE = re.compile(r"<!-- replanner:state ([A-Za-z0-9_=-]{1,8192}) -->")
_VERSION = 1
_MODIFIED = (
    "> **Somebody else committed to this branch**, so replanner no longer updates it. What follows"
    " is the plan as it is now; delete the branch to have it written afresh."
)


@dataclass(frozen=True, slots=True)
class State:
    """What we last did, hidden in the body: `head` is the last commit that we pushed."""

    group: str
    digest: str
    head: str
    title: str
    labels: tuple[str, ...] = ()
    draft: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """A pull request to be written."""

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
    proposal: Proposal, head: str, *, shown: Shown | None = None, modified: bool = False
) -> Content:
    """The proposal as a pull request; what people changed in the one that is shown stays."""
    before = read_state(shown.body) if shown else None
    labels = (*proposal.labels, MODIFIED_LABEL) if modified else proposal.labels
    title, draft = proposal.title, proposal.draft
    told = State(proposal.group, proposal.digest, head, title, labels=labels, draft=draft)
    if shown and before:
        # The state keeps what we set last, so that a person's own word is told from ours.
        if shown.title != before.title:
            title, told = shown.title, replace(told, title=before.title)
        if shown.draft != before.draft:
            draft, told = shown.draft, replace(told, draft=before.draft)
        if modified:
            told = replace(told, digest=before.digest, head=before.head)
    text = f"{_MODIFIED}\n\n{proposal.text}" if modified else proposal.text
    return Content(
        branch=proposal.branch,
        base=proposal.base,
        title=title,
        body=_around(shown.body if shown else "", _region(text, told)),
        labels=_merged(shown.labels if shown else (), before.labels if before else (), labels),
        draft=draft,
    )


def closed(shown: Shown, reason: str) -> str:
    """The body of a pull request that we close: the reason first, and that it was us."""
    state = read_state(shown.body)
    if state is None:
        return shown.body
    told = replace(state, closed=True)
    inner = _STATE.sub("", _inside(shown.body) or "").strip()
    return _around(shown.body, _region(f"**Closed:** {reason}\n\n{inner}", told))


def read_state(body: str) -> State | None:
    """The hidden state, None where there is none or it cannot be read."""
    inside = _inside(body)
    found = _STATE.search(inside) if inside else None
    if found is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(found[1]))
    except (binascii.Error, UnicodeDecodeError, ValueError, RecursionError):
        return None
    return _state(values)


def _state(values: object) -> State | None:
    if not isinstance(values, dict) or values.pop("v", None) != _VERSION:
        return None
    texts = {name: values.get(name) for name in ("group", "digest", "head", "title")}
    labels = values.get("labels")
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(labels, list):
        return None
    return State(
        group=str(texts["group"]),
        digest=str(texts["digest"]),
        head=str(texts["head"]),
        title=str(texts["title"]),
        labels=tuple(map(str, labels)),
        draft=values.get("draft") is True,
        closed=values.get("closed") is True,
    )


def _written(state: State) -> str:
    text = json.dumps({"v": _VERSION, **asdict(state)}, sort_keys=True)
    return f"<!-- replanner:state {base64.urlsafe_b64encode(text.encode()).decode()} -->"


def _region(text: str, state: State) -> str:
    # The state comes first, so that no truncation eats it.
    return f"{_BEGIN}\n{_written(state)}\n\n{text.strip()}\n\n{_END}"


def _inside(body: str) -> str | None:
    start = body.find(_BEGIN)
    end = body.find(_END, start)
    return body[start + len(_BEGIN) : end] if 0 <= start < end else None


def _around(body: str, region: str) -> str:
    """The region put in place of the one in `body`, or below it where there is none."""
    if _inside(body) is None:
        return f"{body.rstrip()}\n\n{region}\n".lstrip()
    start = body.find(_BEGIN)
    end = body.find(_END, start) + len(_END)
    return body[:start] + region + body[end:]


def _merged(
    shown: Iterable[str], ours_before: Iterable[str], now: Iterable[str]
) -> tuple[str, ...]:
    """Labels are added, and only those removed that we had set ourselves."""
    gone = set(ours_before) - set(now)
    return tuple(sorted((set(shown) - gone) | set(now)))
