"""Every rule of a proposal's life is a row: what is wanted, what the forge shows, what is done."""

from dataclasses import replace

import pytest
from lifecycle_values import (
    FOREIGN,
    NAME,
    NEWER,
    NEXT,
    OURS,
    THEIRS,
    WANTED,
    branch,
    closed_by_us,
    seen,
    shown,
    wanted,
)

from replanner.propose import (
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Open,
    Push,
    Remark,
    Say,
    Seen,
    Step,
    Wanted,
    compose,
    read_state,
    steps,
)
from replanner.propose.content import spent
from replanner.propose.lifecycle import _GONE as GONE
from replanner.propose.lifecycle import _SPENT as SPENT
from replanner.propose.shapes import HOLD_LABEL, MODIFIED_LABEL

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
    "that nothing is left is told once": (
        wanted(),
        seen(FOREIGN, shown(body=spent(shown()))),
        [Leave(NAME, "modified")],
    ),
    "pointed at another base it is somebody's": (
        wanted(NEWER),
        seen(branch(), shown(retargeted=True)),
        [Leave(NAME, "retargeted")],
    ),
    "pointed at another base it keeps its branch": (
        wanted(),
        seen(branch(), shown(retargeted=True)),
        [Leave(NAME, "retargeted")],
    ),
    "commits that the base has lost are not brought back": (
        wanted(WANTED),
        seen(branch(ours=False, conflicted=True), shown()),
        [Push(WANTED, OURS), Edit(WANTED, shown())],
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
