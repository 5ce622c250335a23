"""Every rule of a proposal's life is a row: what is wanted, what the forge shows, what is done."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.propose import (
    Branch,
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Open,
    Proposal,
    Push,
    Remark,
    Say,
    Seen,
    Shown,
    Step,
    Wanted,
    compose,
    read_state,
    steps,
)
from replanner.propose.content import closed
from replanner.propose.lifecycle import _GONE as GONE
from replanner.propose.lifecycle import _SPENT as SPENT
from replanner.propose.shapes import HOLD_LABEL, MODIFIED_LABEL

NAME = "replanner/main/llama-000000"
OURS, THEIRS, NEXT = "a" * 40, "b" * 40, "c" * 40

WANTED = Proposal(
    group="llama-000000",
    branch=NAME,
    base="main",
    base_commit="f" * 40,
    digest="d1",
    title="Re-plan llama",
    text="### fits",
    message="Re-plan llama",
)
NEWER = replace(WANTED, digest="d2", text="### fits better")


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


FOREIGN = branch(THEIRS, ours=False, digest="")
RULES: dict[str, tuple[Wanted, Seen, list[Step]]] = {
    "nothing wanted, nothing there": (wanted(), seen(), []),
    "first proposal": (wanted(WANTED), seen(), [Push(WANTED, None), Open(WANTED)]),
    "the same again": (wanted(WANTED), seen(branch(), shown()), []),
    "newer content rewrites the branch": (
        wanted(NEWER),
        seen(branch(), shown()),
        [Push(NEWER, OURS), Edit(NEWER, shown())],
    ),
    "a conflict rewrites the branch": (
        wanted(WANTED),
        seen(branch(conflicted=True), shown()),
        [Push(WANTED, OURS), Edit(WANTED, shown())],
    ),
    "only the words are newer": (
        wanted(replace(WANTED, text="### fits well")),
        seen(branch(), shown()),
        [Edit(replace(WANTED, text="### fits well"), shown(), OURS)],
    ),
    "a run that ended after pushing opens": (
        wanted(WANTED),
        seen(branch()),
        [Open(WANTED, OURS)],
    ),
    "a run that ended after pushing an update edits": (
        wanted(NEWER),
        seen(branch(NEXT, digest="d2"), shown()),
        [Edit(NEWER, shown(), NEXT)],
    ),
    "an old branch of ours is taken over": (
        wanted(NEWER),
        seen(branch()),
        [Push(NEWER, OURS), Open(NEWER)],
    ),
    "a merged branch is taken over": (
        wanted(NEWER),
        seen(branch(merged=True), shown(state="merged")),
        [Push(NEWER, OURS), Open(NEWER)],
    ),
    "a merged branch with others' commits loses nothing": (
        wanted(NEWER),
        seen(branch(THEIRS, ours=False, merged=True)),
        [Push(NEWER, THEIRS), Open(NEWER)],
    ),
    "the same content wanted after its merge": (
        wanted(WANTED),
        seen(branch(merged=True), shown(state="merged")),
        [Push(WANTED, OURS), Open(WANTED)],
    ),
    "a branch of somebody else is left": (
        wanted(WANTED),
        seen(FOREIGN),
        [Leave(NAME, "foreign-branch")],
    ),
    "a branch of ours that is checked out is left": (
        wanted(NEWER),
        seen(branch(in_use=True)),
        [Leave(NAME, "checked-out")],
    ),
    "an open one that is checked out is left": (
        wanted(NEWER),
        seen(branch(in_use=True), shown()),
        [Leave(NAME, "checked-out")],
    ),
    "checked out but current": (wanted(WANTED), seen(branch(in_use=True), shown()), []),
    "others committed: left, and told": (
        wanted(NEWER),
        seen(FOREIGN, shown()),
        [Leave(NAME, "modified"), Edit(NEWER, shown(), THEIRS, modified=True)],
    ),
    "an unreadable body is never touched": (
        wanted(NEWER),
        seen(FOREIGN, shown(body="mine")),
        [Leave(NAME, "modified")],
    ),
    "an unreadable body on our branch is never touched": (
        wanted(NEWER),
        seen(branch(), shown(body="mine")),
        [Leave(NAME, "modified")],
    ),
    "an open one without a branch gets it back": (
        wanted(WANTED),
        seen(None, shown()),
        [Push(WANTED, None), Edit(WANTED, shown())],
    ),
    "on hold": (
        wanted(NEWER),
        seen(branch(), shown(labels=(HOLD_LABEL,))),
        [Leave(NAME, "held")],
    ),
    "closed by a person stays closed": (
        wanted(WANTED),
        seen(branch(), shown(state="closed")),
        [Leave(NAME, "closed-by-person")],
    ),
    "closed by a person, branch deleted": (
        wanted(WANTED),
        seen(None, shown(state="closed")),
        [Leave(NAME, "closed-by-person")],
    ),
    "closed by a person, content newer": (
        wanted(NEWER),
        seen(branch(), shown(state="closed")),
        [Push(NEWER, OURS), Open(NEWER)],
    ),
    "closed by us, wanted again": (
        wanted(WANTED),
        seen(None, closed_by_us()),
        [Push(WANTED, None), Open(WANTED)],
    ),
    "closed with an unreadable body does not block": (
        wanted(WANTED),
        seen(None, shown(state="closed", body="")),
        [Push(WANTED, None), Open(WANTED)],
    ),
    "nothing left: close and delete": (
        wanted(),
        seen(branch(), shown()),
        [Close(shown(), GONE), DeleteBranch(NAME, OURS)],
    ),
    "nothing left, branch gone": (
        wanted(),
        seen(None, shown()),
        [Close(shown(), GONE)],
    ),
    "nothing left, but checked out": (
        wanted(),
        seen(branch(in_use=True), shown()),
        [Close(shown(), GONE)],
    ),
    "nothing left, but others committed": (
        wanted(),
        seen(FOREIGN, shown()),
        [Leave(NAME, "modified"), Remark(shown()), Say(shown(), SPENT)],
    ),
    "nothing left, unreadable body": (
        wanted(),
        seen(branch(), shown(body="")),
        [Leave(NAME, "modified")],
    ),
    "nothing left, on hold": (
        wanted(),
        seen(branch(), shown(labels=(HOLD_LABEL,))),
        [Leave(NAME, "held")],
    ),
    "nothing left as far as is known": (
        wanted(certain=False),
        seen(branch(), shown()),
        [Leave(NAME, "unknown")],
    ),
    "nothing left, the upstream is unknown": (
        wanted(frozen=frozenset({"llama-000000"})),
        seen(branch(), shown()),
        [Leave(NAME, "unknown")],
    ),
    "nothing left, a profile failed": (
        wanted(kept=frozenset({"llama-000000"})),
        seen(branch(), shown()),
        [Leave(NAME, "unknown")],
    ),
    "wanted, but the upstream of a part is unknown": (
        wanted(WANTED, frozen=frozenset({"llama-000000"})),
        seen(branch(), shown(NEWER)),
        [],
    ),
    "a merged branch is tidied away": (
        wanted(),
        seen(branch(merged=True), shown(state="merged")),
        [DeleteBranch(NAME, OURS)],
    ),
    "a merged branch is tidied even with unknowns": (
        wanted(certain=False),
        seen(branch(merged=True)),
        [DeleteBranch(NAME, OURS)],
    ),
    "a spare branch is tidied": (wanted(), seen(branch()), [DeleteBranch(NAME, OURS)]),
    "a spare branch stays while unknown": (wanted(certain=False), seen(branch()), []),
    "a spare branch of a failed profile stays": (
        wanted(kept=frozenset({"llama-000000"})),
        seen(branch()),
        [],
    ),
    "others' branches are never tidied": (wanted(), seen(FOREIGN), []),
    "a checked out branch is never tidied": (wanted(), seen(branch(in_use=True)), []),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    want, there, expected = RULES[rule]
    assert steps(want, there) == expected


@dataclass
class Forge:
    """What a forge does with steps, without a forge."""

    branches: dict[str, Branch]
    proposals: list[Shown]
    count: int = 0

    def apply(self, todo: list[Step]) -> None:
        heads: dict[str, str] = {}
        for step in todo:
            self._apply(step, heads)

    def _apply(self, step: Step, heads: dict[str, str]) -> None:
        match step:
            case Push(one, expected):
                there = self.branches.get(one.branch)
                assert (there.head if there else None) == expected
                self.count += 1
                heads[one.branch] = f"{self.count:040x}"
                self.branches[one.branch] = Branch(heads[one.branch], ours=True, digest=one.digest)
            case Open(one, head):
                now = shown(one, head or heads[one.branch], id=f"{len(self.proposals)}")
                self.proposals.insert(0, now)
            case Edit(one, before, head, modified):
                content = compose(one, head or heads[one.branch], shown=before, modified=modified)
                self.proposals[self.proposals.index(before)] = replace(
                    before,
                    title=content.title,
                    body=content.body,
                    labels=content.labels,
                    draft=content.draft,
                )
            case Close(before, reason):
                self.proposals[self.proposals.index(before)] = replace(
                    before, state="closed", body=closed(before, reason)
                )
            case DeleteBranch(name, expected):
                assert self.branches.pop(name).head == expected
            case Leave():
                pass

    def seen(self) -> Seen:
        return Seen(dict(self.branches), tuple(self.proposals))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Wanted, Forge]:
    want = draw(st.sampled_from([wanted(), wanted(WANTED), wanted(NEWER)]))
    want = replace(
        want,
        certain=draw(st.booleans()),
        frozen=draw(st.sampled_from([frozenset(), frozenset({"llama-000000"})])),
    )
    there = draw(
        st.none()
        | st.builds(
            Branch,
            head=st.sampled_from([OURS, THEIRS]),
            ours=st.booleans(),
            digest=st.sampled_from(["", "d1", "d2"]),
            merged=st.booleans(),
            in_use=st.booleans(),
        )
    )
    state = draw(st.sampled_from([None, "open", "closed", "merged"]))
    labels = draw(st.sampled_from([("replanner",), ("replanner", HOLD_LABEL), ()]))
    body = draw(st.sampled_from([shown().body, "mine", shown(NEWER).body]))
    proposals = [shown(state=state, labels=labels, body=body)] if state else []
    return want, Forge({NAME: there} if there else {}, proposals)


@given(situations())
def test_a_second_run_writes_nothing(situation: tuple[Wanted, Forge]) -> None:
    want, forge = situation
    forge.apply(steps(want, forge.seen()))
    again = steps(want, forge.seen())
    assert [step for step in again if not isinstance(step, Leave)] == []


@given(situations())
def test_commits_of_others_survive(situation: tuple[Wanted, Forge]) -> None:
    want, forge = situation
    there = forge.branches.get(NAME)
    states = [read_state(one.body) for one in forge.proposals]
    recorded = {state.head for state in states if state}
    forge.apply(steps(want, forge.seen()))
    if there and not there.ours and not there.merged and there.head not in recorded:
        assert forge.branches[NAME] == there


@given(situations())
def test_unknown_changes_nothing(situation: tuple[Wanted, Forge]) -> None:
    want, forge = situation
    frozen = replace(want, frozen=frozenset({"llama-000000"}))
    there = {name: one for name, one in forge.branches.items() if not one.merged}
    proposals = list(forge.proposals)
    forge.apply(steps(frozen, forge.seen()))
    assert {name: forge.branches.get(name) for name in there} == there
    assert forge.proposals == proposals


def test_what_is_left_alone_says_why() -> None:
    assert Leave(NAME, "held").sentence == (
        f"{NAME} is left alone: somebody asked for that with the label replanner:hold or the"
        " box for it."
    )


def test_the_notice_of_a_modified_branch_comes_and_goes() -> None:
    told = compose(NEWER, THEIRS, shown=shown(), modified=True)
    assert MODIFIED_LABEL in told.labels
    assert "Somebody else committed" in told.body
    state = read_state(told.body)
    assert state is not None
    assert (state.head, state.digest) == (OURS, "d1")
    now = shown(body=told.body, labels=told.labels)
    assert steps(wanted(NEWER), seen(FOREIGN, now)) == [Leave(NAME, "modified")]
    healed = compose(NEWER, NEXT, shown=now)
    assert MODIFIED_LABEL not in healed.labels
    assert "Somebody else" not in healed.body
