"""What people and the repository's owner may ask of proposals, each wish with its limits."""

from dataclasses import replace

import pytest
from lifecycle_values import (
    FOREIGN,
    NAME,
    NEWER,
    OURS,
    THEIRS,
    WANTED,
    branch,
    closed_by_us,
    seen,
    shown,
    ticked,
    wanted,
)

from replanner.propose import (
    Branch,
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Merge,
    Open,
    Proposal,
    Push,
    Rules,
    Say,
    Seen,
    Shown,
    Step,
    Wanted,
    compose,
    read_state,
    steps,
)
from replanner.propose.content import answered
from replanner.propose.lifecycle import _VERDICTS as VERDICTS
from replanner.propose.shapes import HOLD_LABEL, REPLAN_LABEL

GROUP = WANTED.group
FORCED = Rules(forced=frozenset({GROUP}))
ASKED = ticked("replan")
LABELED = shown(labels=("replanner", REPLAN_LABEL))
BOTH = ticked("hold", ASKED)
HELD = shown(labels=("replanner", HOLD_LABEL, REPLAN_LABEL))
BROKEN = replace(NEWER, infeasible=True, draft=True)
BEHIND = branch(behind=True)


def safe(proposal: Proposal = WANTED) -> Proposal:
    return replace(proposal, merge_method="squash")


def armed(proposal: Proposal = WANTED) -> Shown:
    return replace(answered(shown(proposal), ""), merges_itself=True)


def strictly(there: Branch, *proposals: Shown) -> Seen:
    return replace(seen(there, *proposals), strict=True)


WISHES: dict[str, tuple[Wanted, Seen, list[Step]]] = {
    "the box holds": (wanted(NEWER), seen(branch(), ticked("hold")), [Leave(NAME, "held")]),
    "the box holds although nothing is left": (
        wanted(),
        seen(branch(), ticked("hold")),
        [Leave(NAME, "held")],
    ),
    "a forced group is held all the same": (
        wanted(NEWER, rules=FORCED),
        seen(branch(), shown(labels=(HOLD_LABEL,))),
        [Leave(NAME, "held")],
    ),
    "the box asks over others' commits": (
        wanted(WANTED),
        seen(FOREIGN, ASKED),
        [Push(WANTED, THEIRS), Edit(WANTED, ASKED)],
    ),
    "the label asks over others' commits": (
        wanted(WANTED),
        seen(FOREIGN, LABELED),
        [Push(WANTED, THEIRS), Edit(WANTED, LABELED)],
    ),
    "a command asks over others' commits": (
        wanted(WANTED, rules=FORCED),
        seen(FOREIGN, shown()),
        [Push(WANTED, THEIRS), Edit(WANTED, shown())],
    ),
    "both boxes: written once more": (
        wanted(NEWER),
        seen(branch(), BOTH),
        [Push(NEWER, OURS), Edit(NEWER, BOTH)],
    ),
    "asked, but nothing would change: only the box is emptied": (
        wanted(WANTED),
        seen(branch(), ASKED),
        [Edit(WANTED, ASKED, OURS)],
    ),
    "asked, and the base has moved": (
        wanted(WANTED),
        seen(BEHIND, ASKED),
        [Push(WANTED, OURS), Edit(WANTED, ASKED)],
    ),
    "asked where nobody can read the body": (
        wanted(WANTED),
        seen(branch(), shown(body="mine", labels=(REPLAN_LABEL,))),
        [Push(WANTED, OURS), Edit(WANTED, shown(body="mine", labels=(REPLAN_LABEL,)))],
    ),
    "asked, but checked out": (
        wanted(NEWER),
        seen(branch(in_use=True), ASKED),
        [Leave(NAME, "checked-out")],
    ),
    "asked, but nothing is left: others' commits stay": (
        wanted(certain=False),
        seen(FOREIGN, ASKED),
        [Leave(NAME, "modified")],
    ),
    "forced does not take a stranger's branch": (
        wanted(WANTED, rules=FORCED),
        seen(FOREIGN),
        [Leave(NAME, "foreign-branch")],
    ),
    "forced brings back what somebody closed": (
        wanted(WANTED, rules=FORCED),
        seen(None, shown(state="closed")),
        [Push(WANTED, None), Open(WANTED)],
    ),
    "the owner wants closed ones again": (
        wanted(WANTED, rules=Rules(recreate_closed=True)),
        seen(None, shown(state="closed")),
        [Push(WANTED, None), Open(WANTED)],
    ),
    "what was closed is linked": (
        wanted(WANTED),
        seen(None, replace(closed_by_us(), url="https://x.example/7")),
        [Push(WANTED, None), Open(WANTED, follows="https://x.example/7")],
    ),
    "what was merged is not": (
        wanted(NEWER),
        seen(None, shown(state="merged", url="https://x.example/7")),
        [Push(NEWER, None), Open(NEWER)],
    ),
    "the base moved": (wanted(WANTED), seen(BEHIND, shown()), []),
    "the base moved and takes only what is up to date": (
        wanted(WANTED),
        strictly(BEHIND, shown()),
        [Push(WANTED, OURS), Edit(WANTED, shown())],
    ),
    "the base moved and it merges itself": (
        wanted(safe()),
        seen(BEHIND, armed()),
        [Push(safe(), OURS), Edit(safe(), armed())],
    ),
    "a young revision leaves what is open": (
        wanted(NEWER, waiting=frozenset({GROUP})),
        seen(branch(), shown()),
        [Leave(NAME, "pending")],
    ),
    "a young revision closes nothing": (
        wanted(waiting=frozenset({GROUP})),
        seen(branch(), shown()),
        [Leave(NAME, "pending")],
    ),
    "a young revision does not hold back what else is new": (
        wanted(WANTED, waiting=frozenset({GROUP})),
        seen(),
        [Push(WANTED, None), Open(WANTED)],
    ),
    "another verdict is worth a mail": (
        wanted(BROKEN),
        seen(branch(), shown()),
        [Push(BROKEN, OURS), Edit(BROKEN, shown()), Say(shown(), VERDICTS[True])],
    ),
    "and back": (
        wanted(WANTED),
        seen(branch(digest="d2"), shown(BROKEN)),
        [Push(WANTED, OURS), Edit(WANTED, shown(BROKEN)), Say(shown(BROKEN), VERDICTS[False])],
    ),
    "a run that ended before editing still says it": (
        wanted(BROKEN),
        seen(branch(digest="d2"), shown()),
        [Edit(BROKEN, shown(), OURS), Say(shown(), VERDICTS[True])],
    ),
    "others' commits hide the verdict from the branch": (
        wanted(BROKEN),
        seen(FOREIGN, shown()),
        [Leave(NAME, "modified"), Edit(BROKEN, shown(), THEIRS, modified=True)],
    ),
    "safe: merges itself once opened": (
        wanted(safe()),
        seen(),
        [Push(safe(), None), Open(safe()), Merge(safe())],
    ),
    "safe, but a draft": (
        wanted(replace(safe(), draft=True)),
        seen(),
        [Push(replace(safe(), draft=True), None), Open(replace(safe(), draft=True))],
    ),
    "safe, but somebody made it a draft": (
        wanted(safe()),
        seen(branch(), shown(safe(), draft=True)),
        [],
    ),
    "safe, and a run ended before asking": (
        wanted(safe()),
        seen(branch(), shown()),
        [Merge(safe(), shown())],
    ),
    "safe, and asked already": (wanted(safe()), seen(branch(), armed()), []),
    "safe, and somebody disarmed it": (
        wanted(safe()),
        seen(branch(), replace(armed(), merges_itself=False)),
        [],
    ),
    "safe, and newer": (
        wanted(safe(NEWER)),
        seen(branch(), armed()),
        [Push(safe(NEWER), OURS), Edit(safe(NEWER), armed()), Merge(safe(NEWER), armed())],
    ),
    "newer and not safe: nothing merges unseen": (
        wanted(NEWER),
        seen(branch(), armed()),
        [Leave(NAME, "merging")],
    ),
    "asked for once, held for ever: it never merges itself": (
        wanted(safe()),
        seen(FOREIGN, HELD),
        [Push(safe(), THEIRS), Edit(safe(), HELD)],
    ),
    "pushed, not opened, and the base moved before it could merge": (
        wanted(safe()),
        seen(BEHIND),
        [Push(safe(), OURS), Open(safe()), Merge(safe())],
    ),
    "pushed, not opened, and the base takes only what is up to date": (
        wanted(WANTED),
        strictly(BEHIND),
        [Push(WANTED, OURS), Open(WANTED)],
    ),
    "pushed, not opened, and up to date as the base wants it": (
        wanted(WANTED),
        strictly(branch()),
        [Open(WANTED, OURS)],
    ),
    "pushed, not opened, and the base moved, which is nothing to it": (
        wanted(WANTED),
        seen(BEHIND),
        [Open(WANTED, OURS)],
    ),
    "no branch, and nobody can read the body": (
        wanted(WANTED),
        seen(None, shown(body="mine")),
        [Leave(NAME, "modified")],
    ),
    "others' commits are never merged by us": (
        wanted(safe(NEWER)),
        seen(FOREIGN, shown(safe())),
        [Leave(NAME, "modified"), Edit(safe(NEWER), shown(safe()), THEIRS, modified=True)],
    ),
    "other groups than those meant are left alone": (
        wanted(NEWER, rules=Rules(only=frozenset({"other"}))),
        seen(branch(), shown()),
        [],
    ),
    "nor are they closed or tidied": (
        wanted(rules=Rules(only=frozenset({"other"}))),
        seen(branch(), shown()),
        [],
    ),
    "nor their spare branches": (wanted(rules=Rules(only=frozenset({"x"}))), seen(branch()), []),
    "why it is closed is told": (
        wanted(endings={GROUP: "its plans are up to date on main without it"}),
        seen(branch(), shown()),
        [
            Close(shown(), "its plans are up to date on main without it"),
            DeleteBranch(NAME, OURS),
        ],
    ),
    "a run that ended between closing and tidying tidies by what it recorded": (
        wanted(),
        seen(branch(ours=False), closed_by_us()),
        [DeleteBranch(NAME, OURS)],
    ),
}


@pytest.mark.parametrize("wish", WISHES)
def test_wish(wish: str) -> None:
    want, there, expected = WISHES[wish]
    assert steps(want, there) == expected


def test_what_was_asked_is_no_wish_any_more() -> None:
    for before in (ASKED, BOTH, LABELED):
        now = compose(WANTED, OURS, shown=before)
        again = replace(before, body=now.body, labels=now.labels)
        assert steps(wanted(WANTED), seen(branch(), again)) == []
        assert REPLAN_LABEL not in now.labels


def test_a_label_that_holds_stays_after_a_wish_was_granted() -> None:
    before = shown(labels=("replanner", HOLD_LABEL, REPLAN_LABEL))
    now = compose(NEWER, OURS, shown=before)
    assert now.labels == ("replanner", HOLD_LABEL)


def test_boxes_outside_our_part_are_nobodys_wish() -> None:
    quoted = shown(body=f"- [x] <!-- replanner:hold --> look at this\n\n{shown().body}")
    assert [type(step) for step in steps(wanted(NEWER), seen(branch(), quoted))] == [Push, Edit]


def numbered(count: int) -> list[Proposal]:
    names = [f"group-{number}" for number in range(count)]
    return [replace(WANTED, group=name, branch=f"replanner/main/{name}") for name in names]


def opened(want: Wanted, there: Seen) -> list[str]:
    return [step.proposal.group for step in steps(want, there) if isinstance(step, Open)]


def left(want: Wanted, there: Seen) -> list[str]:
    return [
        step.branch.rpartition("/")[2]
        for step in steps(want, there)
        if isinstance(step, Leave) and step.reason == "limit"
    ]


def of(proposals: list[Proposal]) -> Seen:
    branches = {one.branch: Branch(OURS, ours=True, digest=one.digest) for one in proposals}
    return Seen(branches, tuple(shown(one, id=one.group) for one in proposals))


@pytest.mark.parametrize(
    ("rules", "already", "expected"),
    [
        (Rules(), 0, ["group-0", "group-1", "group-2"]),
        (Rules(new_limit=2), 0, ["group-0", "group-1"]),
        (Rules(new_limit=0), 0, []),
        (Rules(open_limit=2), 1, ["group-1"]),
        (Rules(open_limit=2), 2, []),
        (Rules(open_limit=1), 2, []),
        (Rules(open_limit=3, new_limit=1), 1, ["group-1"]),
        (Rules(new_limit=0, forced=frozenset({"group-2"})), 0, ["group-2"]),
    ],
)
def test_limits_on_opening(rules: Rules, already: int, expected: list[str]) -> None:
    every = numbered(3)
    want, there = wanted(*every, rules=rules), of(every[:already])
    assert opened(want, there) == expected
    new = [one.group for one in every[already:]]
    assert left(want, there) == [name for name in new if name not in expected]
    assert not any(isinstance(step, Close) for step in steps(want, there))


def test_updates_are_not_limited() -> None:
    every = numbered(3)
    newer = [replace(one, digest="d9") for one in every]
    todo = steps(wanted(*newer, rules=Rules(open_limit=1, new_limit=0)), of(every))
    assert [type(step) for step in todo] == [Push, Edit] * 3


def test_what_this_run_closes_makes_room() -> None:
    every = numbered(2)
    want = wanted(every[1], rules=Rules(open_limit=1))
    assert [type(step) for step in steps(want, of(every[:1]))] == [
        Push,
        Open,
        Close,
        DeleteBranch,
    ]


def test_a_refusal_to_merge_is_told_once_and_forgotten_with_newer_content() -> None:
    told = answered(shown(safe()), "the checks have passed already")
    now = compose(safe(), OURS, shown=told)
    assert "**Not merged by itself:** the checks have passed already" in now.body
    again = replace(told, body=now.body)
    assert steps(wanted(safe()), seen(branch(), again)) == []
    newer = compose(safe(NEWER), OURS, shown=again)
    assert "Not merged" not in newer.body
    state = read_state(newer.body)
    assert state is not None
    assert state.asked == ""


def test_a_link_to_the_one_before_stays() -> None:
    first = compose(WANTED, OURS, follows="https://x.example/pull/7")
    assert "Follows https://x.example/pull/7, which was closed." in first.body
    later = compose(NEWER, OURS, shown=shown(body=first.body))
    assert "Follows https://x.example/pull/7" in later.body


def test_what_is_no_address_is_no_link() -> None:
    assert "Follows" not in compose(WANTED, OURS, follows="[x](javascript:1)").body


def test_people_are_asked_once() -> None:
    asked = replace(WANTED, reviewers=("ada",), assignees=("bob",), team_reviewers=("gpu",))
    first = compose(asked, OURS)
    assert (first.reviewers, first.assignees, first.team_reviewers) == (
        ("ada",),
        ("bob",),
        ("gpu",),
    )
    later = compose(replace(asked, text="other"), OURS, shown=shown(asked))
    assert (later.reviewers, later.assignees, later.team_reviewers) == ((), (), ())
