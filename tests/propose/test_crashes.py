"""Runs that end in the middle, runs at the same time, runs again: nothing is lost or made twice."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lifecycle_values import BOXES, NAME, NEWER, OURS, THEIRS, WANTED, shown, ticked, wanted
from memory_forge import Killed, MemoryForge

from replanner.propose import (
    Branch,
    Leave,
    Proposal,
    Push,
    Shown,
    State,
    Step,
    Wanted,
    read_state,
    steps,
)
from replanner.propose.content import closed
from replanner.propose.shapes import HOLD_LABEL, REPLAN_LABEL
from replanner.propose.state import words
from replanner.replan.publish import Publisher

OTHER = replace(WANTED, group="other", branch="replanner/main/other")
SAFE = replace(NEWER, merge_method="squash")
BROKEN = replace(NEWER, digest="d3", infeasible=True, draft=True)


def run(want: Wanted, forge: MemoryForge) -> Publisher:
    publisher = Publisher(forge, "main")
    publisher.publish(steps(want, forge.seen()))
    return publisher


def writes(todo: list[Step]) -> list[Step]:
    return [step for step in todo if not isinstance(step, Leave)]


Final = tuple[dict[str, str], list[tuple[object, ...]]]


def final(forge: MemoryForge) -> Final:
    """What people see in the end, whatever numbers and commits came to be on the way."""
    branches = {name: one.digest for name, one in forge.branches.items()}
    return branches, [_final(one, forge) for one in forge.proposals]


def _final(one: Shown, forge: MemoryForge) -> tuple[object, ...]:
    state, branch = read_state(one.body), forge.branches.get(one.branch)
    at_head = state is not None and branch is not None and state.head == branch.head
    plain = replace(state, head="") if state else None
    rest = (one.title, one.state, one.labels, one.draft, one.merges_itself)
    return (one.id, at_head, plain, words(one.body), *rest)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Wanted, MemoryForge]:
    proposals = draw(
        st.sampled_from([(), (WANTED,), (NEWER,), (SAFE,), (BROKEN,), (SAFE, OTHER), (OTHER,)])
    )
    want = wanted(
        *proposals,
        certain=draw(st.booleans()),
        frozen=draw(st.sampled_from([frozenset(), frozenset({WANTED.group})])),
    )
    there = draw(st.none() | branches())
    before = draw(st.none() | pull_requests())
    branch = {NAME: there} if there else {}
    refusal = draw(st.sampled_from(["", "its checks have passed already"]))
    return want, MemoryForge(branch, [before] if before else [], refusal, count=100)


def branches() -> st.SearchStrategy[Branch]:
    return st.builds(
        Branch,
        head=st.sampled_from([OURS, THEIRS]),
        ours=st.booleans(),
        digest=st.sampled_from(["", "d1", "d2"]),
        merged=st.booleans(),
        conflicted=st.booleans(),
        behind=st.booleans(),
        in_use=st.booleans(),
    )


def pull_requests() -> st.SearchStrategy[Shown]:
    labels = [("replanner",), ("replanner", HOLD_LABEL), (), (REPLAN_LABEL,)]
    bodies = [
        shown().body,
        "mine",
        shown(NEWER).body,
        shown(BROKEN).body,
        ticked("replan").body,
        ticked("hold").body,
        closed(shown(), "it was over"),
        f"Mine too.\n\n{shown(SAFE).body}\n\nThanks",
    ]
    return st.builds(
        shown,
        id=st.just("1"),
        state=st.sampled_from(["open", "closed", "merged"]),
        labels=st.sampled_from(labels),
        body=st.sampled_from(bodies),
        draft=st.booleans(),
        merges_itself=st.booleans(),
    )


@given(situations())
def test_a_second_run_writes_nothing(situation: tuple[Wanted, MemoryForge]) -> None:
    want, forge = situation
    run(want, forge)
    assert writes(steps(want, forge.seen())) == []


@given(situations())
@example((wanted(SAFE, OTHER), MemoryForge(count=100)))
@example((wanted(), MemoryForge({NAME: Branch(OURS, ours=False, digest="d1")}, [shown()])))
@example(
    (
        wanted(SAFE),
        MemoryForge({NAME: Branch(OURS, ours=True, digest="d1")}, [shown(BROKEN)], count=100),
    )
)
def test_a_run_that_ends_anywhere_is_finished_by_the_next(
    situation: tuple[Wanted, MemoryForge],
) -> None:
    want, start = situation
    whole = start.copy()
    run(want, whole)
    for number in range(len(whole.writes)):
        forge = start.copy(dies_after=number)
        with pytest.raises(Killed):
            run(want, forge)
        forge.dies_after = None
        run(want, forge)
        assert final(forge) == final(whole)
        assert len(forge.comments) <= len(whole.comments)
        assert writes(steps(want, forge.seen())) == []


@given(situations())
def test_commits_of_others_survive_unless_somebody_asked(
    situation: tuple[Wanted, MemoryForge],
) -> None:
    want, forge = situation
    there = forge.branches.get(NAME)
    states = [read_state(one.body) for one in forge.proposals]
    recorded = {state.head for state in states if state}
    asked = any("[x] <!-- replanner:replan" in one.body for one in forge.proposals)
    asked = asked or any(REPLAN_LABEL in one.labels for one in forge.proposals)
    run(want, forge)
    if there and not there.ours and not there.merged and there.head not in recorded and not asked:
        assert forge.branches[NAME] == there


@given(situations())
def test_unknown_changes_nothing(situation: tuple[Wanted, MemoryForge]) -> None:
    want, forge = situation
    there = {name: one for name, one in forge.branches.items() if not one.merged}
    proposals = list(forge.proposals)
    run(replace(want, proposals=(), frozen=frozenset({WANTED.group})), forge)
    assert {name: forge.branches.get(name) for name in there} == there
    assert forge.proposals == proposals


@given(situations())
def test_nobody_ever_has_two_open_proposals_of_one_group(
    situation: tuple[Wanted, MemoryForge],
) -> None:
    want, forge = situation
    run(want, forge)
    opened = [one.branch for one in forge.proposals if one.state == "open"]
    assert len(opened) == len(set(opened))


class Meanwhile(MemoryForge):
    """Somebody is faster: a commit lands on the branch between looking and pushing."""

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        self.branches[proposal.branch] = Branch(THEIRS, ours=False)
        return super().push(proposal, expected=expected)


def test_a_branch_that_moves_meanwhile_is_a_failure_that_is_told() -> None:
    start = MemoryForge({NAME: Branch(OURS, ours=True, digest="d1")}, [shown()])
    forge = Meanwhile(start.branches, start.proposals)
    publisher = run(wanted(NEWER), forge)
    assert [one.branch for one in publisher.failures.values()] == [NAME]
    assert forge.branches[NAME].head == THEIRS
    assert forge.proposals == [shown()]


def test_of_two_runs_at_the_same_time_one_wins_and_nothing_is_lost() -> None:
    forge = MemoryForge({NAME: Branch(OURS, ours=True, digest="d1")}, [shown()])
    first, second = (steps(wanted(NEWER, OTHER), forge.seen()) for _ in range(2))
    one, other = Publisher(forge, "main"), Publisher(forge, "main")
    one.publish(first)
    done = other.publish(second)
    assert set(other.failures) == {NAME, OTHER.branch}
    assert not any(isinstance(step, Push) for step in done)
    assert len(forge.proposals) == 2
    assert writes(steps(wanted(NEWER, OTHER), forge.seen())) == []


def test_our_part_is_read_back_whole() -> None:
    state = read_state(shown(BROKEN).body)
    assert state == State(
        WANTED.group, "d3", OURS, WANTED.title, ("replanner",), draft=True, infeasible=True
    )
    assert BOXES in words(shown(BROKEN).body)
