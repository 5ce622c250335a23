"""A proposal and what a forge may show of it, for the tests of the lifecycle."""

from dataclasses import replace
from typing import Any

from replanner.propose import Branch, Proposal, Seen, Shown, Wanted, compose
from replanner.propose.content import closed

BOXES = "- [ ] <!-- replanner:replan --> Anew\n- [ ] <!-- replanner:hold --> As it is"
NAME = "replanner/main/llama-000000"
OURS, THEIRS, NEXT = "a" * 40, "b" * 40, "c" * 40

WANTED = Proposal(
    group="llama-000000",
    branch=NAME,
    base="main",
    base_commit="f" * 40,
    digest="d1",
    title="Re-plan llama",
    text=f"### fits\n\n{BOXES}",
    message="Re-plan llama",
)
NEWER = replace(WANTED, digest="d2", text=f"### fits better\n\n{BOXES}")


def shown(proposal: Proposal = WANTED, head: str = OURS, **changes: Any) -> Shown:
    content = compose(proposal, head)
    values = {
        "id": "1",
        "branch": proposal.branch,
        "state": "open",
        "title": content.title,
        "body": content.body,
        "labels": content.labels,
        "draft": content.draft,
    }
    return Shown(**{**values, **changes})


def branch(head: str = OURS, **changes: Any) -> Branch:
    return Branch(**{"head": head, "ours": True, "digest": "d1", **changes})


def seen(there: Branch | None = None, *proposals: Shown) -> Seen:
    return Seen({NAME: there} if there else {}, proposals)


def wanted(*proposals: Proposal, **rest: Any) -> Wanted:
    return Wanted(proposals, **rest)


def closed_by_us() -> Shown:
    return shown(state="closed", body=closed(shown(), "nothing is left"))


def ticked(box: str, before: Shown | None = None) -> Shown:
    """The same with one of its boxes ticked by somebody."""
    before = before or shown()
    empty = f"[ ] <!-- replanner:{box} -->"
    assert empty in before.body
    return replace(before, body=before.body.replace(empty, empty.replace("[ ]", "[x]")))


FOREIGN = branch(THEIRS, ours=False, digest="")
