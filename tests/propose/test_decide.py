"""What a run does on each event: the table, row by row."""

import time
from typing import Any

import pytest

from replanner.errors import InputError
from replanner.event import SUPPORTED, Event, PullFacts
from replanner.propose import Proposal, Shown, compose
from replanner.propose.controls import is_held
from replanner.propose.decide import decide
from replanner.propose.decision import Decision, Wish

REPO = "acme/infra"
BASE, HEAD = "b" * 40, "a" * 40
GROUP = "acme-tiny-123456"
BRANCH = f"replanner/main/{GROUP}"
BOXES = "- [ ] <!-- replanner:replan --> Anew\n- [ ] <!-- replanner:hold --> As it is"
PROPOSAL = Proposal(GROUP, BRANCH, "main", BASE, "d" * 64, "Re-plan", BOXES, "Message")
OURS = compose(PROPOSAL, HEAD).body
FORK = "stranger/infra"


def pull(**changes: Any) -> PullFacts:
    usual = PullFacts(
        7,
        author="octo",
        base="main",
        base_commit=BASE,
        head="change",
        head_commit=HEAD,
        head_repository=REPO,
    )
    return usual._replace(**changes)


def event(name: str, action: str = "", **changes: Any) -> Event:
    usual = Event(name, REPO, action, default_branch="main", actor="octo")
    return usual._replace(**changes)


def ticked(box: str) -> str:
    empty = f"[ ] <!-- replanner:{box} -->"
    assert empty in OURS
    return OURS.replace(empty, empty.replace("[ ]", "[x]"))


def on_pull(action: str, *, name: str = "pull_request", **changes: Any) -> Event:
    return event(name, action, **{"pull": pull(), **changes})


def ours(**changes: Any) -> PullFacts:
    return pull(head=BRANCH, body=OURS, author="github-actions[bot]", **changes)


def told(found: Decision) -> tuple[str, bool]:
    return found.mode, found.writes


NEVER = ("none", False)
# event, what it comes to, and whether it may write
ROWS: list[tuple[str, Event, tuple[str, bool]]] = [
    ("opened", on_pull("opened"), ("comment", True)),
    ("pushed to", on_pull("synchronize"), ("comment", True)),
    ("reopened", on_pull("reopened"), ("comment", True)),
    ("made ready", on_pull("ready_for_review"), ("comment", True)),
    ("target", on_pull("opened", name="pull_request_target"), ("comment", True)),
    ("fork", on_pull("opened", pull=pull(head_repository=FORK)), ("comment", False)),
    ("gone fork", on_pull("opened", pull=pull(head_repository="")), ("comment", False)),
    ("dependabot", on_pull("opened", actor="dependabot[bot]"), ("comment", False)),
    (
        "target of a fork",
        on_pull("opened", name="pull_request_target", pull=pull(head_repository=FORK)),
        ("comment", True),
    ),
    ("our own", on_pull("opened", pull=ours()), ("check", False)),
    ("our own, pushed to", on_pull("synchronize", pull=ours()), ("check", False)),
    ("a person's on our prefix", on_pull("opened", pull=pull(head=BRANCH)), ("comment", True)),
    (
        "our state in a fork",
        on_pull("opened", pull=ours(head_repository=FORK)),
        ("comment", False),
    ),
    (
        "our state elsewhere",
        on_pull("opened", pull=pull(body=OURS)),
        ("comment", True),
    ),
    (
        "box ticked",
        on_pull("edited", pull=ours()._replace(body=ticked("replan")), body_before=OURS),
        ("update", True),
    ),
    (
        "box cleared",
        on_pull("edited", pull=ours(), body_before=ticked("hold")),
        ("update", True),
    ),
    (
        "words of ours edited",
        on_pull("edited", pull=ours()._replace(body=OURS + "x"), body_before=OURS),
        ("check", False),
    ),
    ("title of ours edited", on_pull("edited", pull=ours()), ("check", False)),
    (
        "box of a person's ticked",
        on_pull("edited", pull=pull(body=ticked("hold")), body_before=OURS),
        ("comment", True),
    ),
    # A check's newest run counts: one that looked at nothing would open a closed gate.
    ("words edited", on_pull("edited", body_before="old"), ("comment", True)),
    ("words of a closed one edited", on_pull("edited", pull=pull(closed=True)), NEVER),
    ("closed", on_pull("closed"), NEVER),
    ("ours closed", on_pull("closed", pull=ours()), NEVER),
    ("ours merged", on_pull("closed", pull=ours(merged=True)), NEVER),
    ("assigned", on_pull("assigned"), ("comment", True)),
    ("labeled apply", on_pull("labeled", label="replanner:apply"), ("apply", True)),
    (
        "labeled apply, fork",
        on_pull("labeled", label="replanner:apply", pull=pull(head_repository=FORK)),
        ("comment", False),
    ),
    (
        "labeled apply by a bot that reads",
        on_pull("labeled", label="replanner:apply", actor="dependabot[bot]"),
        ("apply", False),
    ),
    ("labeled replan", on_pull("labeled", label="replanner:replan"), ("comment", True)),
    (
        "ours labeled replan",
        on_pull("labeled", label="replanner:replan", pull=ours()),
        ("update", True),
    ),
    ("labeled otherwise", on_pull("labeled", label="bug"), ("comment", True)),
    (
        "merge group",
        event("merge_group", "checks_requested", base=BASE, head=HEAD),
        ("check", False),
    ),
    ("merge group gone", event("merge_group", "destroyed", base=BASE, head=HEAD), NEVER),
    ("push", event("push", ref="refs/heads/main", base=BASE, head=HEAD), ("update", True)),
    ("push to ours", event("push", ref=f"refs/heads/{BRANCH}"), NEVER),
    ("push elsewhere", event("push", ref="refs/heads/feature"), NEVER),
    ("branch deleted", event("push", ref="refs/heads/main", deleted=True), NEVER),
    ("tag", event("push", ref="refs/tags/v1"), ("update", True)),
    ("tag deleted", event("push", ref="refs/tags/v1", deleted=True), NEVER),
    ("schedule", event("schedule"), ("update", True)),
    ("workflow_dispatch", event("workflow_dispatch"), ("update", True)),
    ("repository_dispatch", event("repository_dispatch", "hf-revision"), ("update", True)),
    (
        "/replan",
        event("issue_comment", "created", pull=pull(), comment="/replan\nplease", commenter="o"),
        ("comment", True),
    ),
    (
        "/replan below ours",
        event("issue_comment", "created", pull=ours(), comment=" /replan ", commenter="o"),
        ("update", True),
    ),
    (
        "/replan below a stranger's copy of ours",
        event("issue_comment", "created", pull=ours(head_repository=FORK), comment="/replan"),
        ("comment", True),
    ),
    (
        "/replan below a person's copy of ours",
        event("issue_comment", "created", pull=pull(body=OURS), comment="/replan"),
        ("comment", True),
    ),
    ("/replan, an issue", event("issue_comment", "created", comment="/replan"), NEVER),
    ("/replanning", event("issue_comment", "created", pull=pull(), comment="/replanning"), NEVER),
    ("a comment", event("issue_comment", "created", pull=pull(), comment="see /replan"), NEVER),
    ("/replan edited in", event("issue_comment", "edited", pull=pull(), comment="/replan"), NEVER),
    ("workflow_run", event("workflow_run", "completed", run_event="pull_request"), NEVER),
    ("release", event("release", "published"), ("update", True)),
    ("release drafted", event("release", "created"), NEVER),
    ("image pushed", event("registry_package", "published"), ("update", True)),
    ("image pushed again", event("registry_package", "updated"), ("update", True)),
]


@pytest.mark.parametrize(
    ("happened", "wanted"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_the_event_says_what_the_run_is_for(happened: Event, wanted: tuple[str, bool]) -> None:
    found = decide(happened, Wish())
    assert told(found) == wanted
    assert found.reason


def test_every_supported_event_stands_in_the_table() -> None:
    assert {happened.name for _, happened, _ in ROWS} == set(SUPPORTED)


@pytest.mark.parametrize("name", ["gollum", "pull_requests", "", "x" * 500])
def test_another_event_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(InputError) as error:
        decide(event(name), Wish())
    assert "workflow_dispatch" in error.value.hint
    assert error.value.exit_code == 2


def test_a_pull_request_is_known_by_its_event_never_by_the_merge_commit() -> None:
    found = decide(on_pull("opened"), Wish())
    assert (found.number, found.base, found.head) == (7, BASE, HEAD)


@pytest.mark.parametrize(
    "asked",
    [
        on_pull("labeled", label="replanner:apply"),
        on_pull("labeled", label="replanner:replan", pull=ours()),
        event("issue_comment", "created", pull=pull(), comment="/replan", commenter="octo"),
    ],
)
def test_who_asks_for_something_must_be_able_to_write(asked: Event) -> None:
    assert decide(asked, Wish()).needs_writer == "octo"


def test_who_may_not_ask_opens_no_gate_by_asking() -> None:
    asked = decide(on_pull("labeled", label="replanner:apply"), Wish())
    assert asked.otherwise == decide(on_pull("labeled", label="bug"), Wish())
    assert asked.otherwise
    assert asked.otherwise.mode == "comment"


def test_a_body_of_blank_lines_is_looked_through_at_once() -> None:
    blank = "\n" * 65_000  # as long as GitHub lets it be
    edited = on_pull("edited", pull=pull(body=blank), body_before=blank + "x")
    started = time.process_time()
    assert decide(edited, Wish()).mode == "comment"
    assert not is_held(Shown("1", "replanner/main/x", "open", "", ""), blank)
    assert time.process_time() - started < 1


def test_what_is_asked_of_one_proposal_is_done_to_that_one() -> None:
    asked = on_pull("labeled", label="replanner:replan", pull=ours())
    assert decide(asked, Wish()).group == GROUP
    below = event("issue_comment", "created", pull=ours(), comment="/replan", comment_id=3)
    assert (decide(below, Wish()).group, decide(below, Wish()).react_to) == (GROUP, 3)


def test_a_push_matters_only_where_profiles_are_touched() -> None:
    pushed = decide(event("push", ref="refs/heads/main", base=BASE, head=HEAD), Wish())
    assert (pushed.needs_touch, pushed.base, pushed.head) == (True, BASE, HEAD)
    assert not decide(event("schedule"), Wish()).needs_touch
    assert not decide(event("push", ref="refs/tags/v1"), Wish()).needs_touch


def test_bases_and_prefix_are_the_repositorys_own() -> None:
    wish = Wish(branch_prefix="bots/", bases=("release/1",))
    assert decide(event("push", ref="refs/heads/release/1"), wish).mode == "update"
    assert decide(event("push", ref="refs/heads/main"), wish).mode == "none"
    assert decide(event("push", ref="refs/heads/bots/x"), wish).mode == "none"
    mine = pull(head="bots/main/x", body=OURS)
    assert decide(on_pull("opened", pull=mine), wish).mode == "check"
    assert decide(on_pull("opened", pull=ours()), wish).mode == "comment"


@pytest.mark.parametrize(
    ("wish", "happened", "wanted"),
    [
        (Wish("comment"), on_pull("opened", pull=ours()), ("comment", True)),
        (Wish("comment", number=9), event("workflow_dispatch"), ("comment", True)),
        (Wish(number=9), event("workflow_dispatch"), ("comment", True)),
        (Wish("check", number=9), event("schedule"), ("check", False)),
        (Wish("check"), on_pull("opened"), ("check", False)),
        (Wish("check"), on_pull("closed"), NEVER),
        (Wish("check"), on_pull("opened", pull=pull(head_repository=FORK)), ("check", False)),
        (Wish("check"), event("merge_group", base=BASE, head=HEAD), ("check", False)),
        (Wish("check"), event("push", ref="refs/heads/x", base=BASE, head=HEAD), ("check", False)),
        (Wish("check", base_ref="v1", head_ref="main"), event("schedule"), ("check", False)),
        (
            Wish("check"),
            event("issue_comment", "created", pull=pull(), comment="/replan"),
            ("check", False),
        ),
        (
            Wish("comment"),
            event("issue_comment", "created", pull=pull(), comment="/replan"),
            ("comment", True),
        ),
        (
            Wish("comment"),
            event("issue_comment", "created", pull=ours(), comment="/replan"),
            NEVER,
        ),
        (Wish("comment"), event("issue_comment", "created", pull=pull(), comment="no"), NEVER),
        (Wish("update"), on_pull("closed"), ("update", True)),
        (Wish("update"), on_pull("opened", pull=pull(head_repository=FORK)), ("update", False)),
        (Wish("update"), event("push", ref=f"refs/heads/{BRANCH}"), NEVER),
        (Wish("update"), event("schedule"), ("update", True)),
        (Wish("update"), event("issue_comment", "created", pull=pull(), comment="hi"), NEVER),
        (
            Wish("publish", artifact="r.json"),
            event("workflow_run", run_event="pull_request", run_commit=HEAD),
            ("publish", True),
        ),
        (
            Wish(artifact="r.json"),
            event("workflow_run", run_event="pull_request", run_commit=HEAD),
            ("publish", True),
        ),
        (Wish("publish", artifact="r.json"), event("workflow_run", run_event="push"), NEVER),
    ],
)
def test_a_workflow_may_name_the_mode(
    wish: Wish, happened: Event, wanted: tuple[str, bool]
) -> None:
    assert told(decide(happened, wish)) == wanted


@pytest.mark.parametrize(
    ("wish", "happened", "said"),
    [
        (Wish("comment"), event("schedule"), "names no pull request, which mode comment needs"),
        (Wish("check"), event("schedule"), "names nothing to check"),
        (Wish("publish", artifact="r.json"), event("push"), "needs the event workflow_run"),
        (Wish("publish"), event("workflow_run"), "needs report-artifact"),
        (Wish(), event("pull_request", "opened"), "names no pull request"),
    ],
)
def test_a_mode_that_the_event_cannot_serve_is_refused(
    wish: Wish, happened: Event, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        decide(happened, wish)


def test_a_named_head_is_compared_with_the_base_that_was_named_or_is_usual() -> None:
    named = decide(event("schedule"), Wish("check", base_ref="v1", head_ref="main"))
    assert (named.base, named.head) == ("v1", "main")
    usual = decide(event("push", ref="refs/heads/new", head=HEAD), Wish("check"))
    assert (usual.base, usual.head) == ("main", HEAD)


def test_publishing_trusts_the_run_for_nothing_but_where_it_came_from() -> None:
    ran = event("workflow_run", run_event="pull_request", run_commit=HEAD, run_repository=FORK)
    found = decide(ran, Wish("publish", artifact="r.json"))
    assert (found.number, found.run_commit, found.run_repository) == (None, HEAD, FORK)
