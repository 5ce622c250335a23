"""Writes that an emulator cannot make fail in these ways: limits, old servers, refusals between."""

from collections.abc import Callable, Iterator

import pytest
from fake_github import ABOUT, FakeGitHub, Reply, Request, fake_github

from replanner.errors import InputError, RateLimited, UpstreamError
from replanner.forge.github import refs
from replanner.forge.github.pull_requests import PullRequests
from replanner.forge.github.refusals import Refused
from replanner.forge.github.session import Connection, Pace, Session
from replanner.propose import Content, Shown

TOKEN = "ghp_" + "s" * 36
OLD, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40
LIMIT = Reply(429, {"message": "slow"}, {"Retry-After": "900"})
NO_SUCH_TYPE = {"errors": [{"message": "UpdateRefsInput isn't a defined input type (on $input)"}]}
CONTENT = Content("replanner/main/x", "main", "A title", "A body\n", ("replanner",), draft=False)
SHOWN = Shown("7", "replanner/main/x", "open", "A title", "A body\n", ("replanner",), draft=False)
PULL = {
    "number": 7,
    "node_id": "PR_7",
    "html_url": "https://x.example/7",
    "title": "A title",
    "body": "A body\n",
    "head": {"sha": OLD},
    "draft": False,
    "labels": [{"name": "replanner"}],
}


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


@pytest.fixture
def session(fake: FakeGitHub) -> Iterator[Session]:
    pace = Pace(0, 0, patience_s=0.5, first_wait_s=0)
    where = Connection(repository="acme/infra", token=TOKEN, api_url=fake.url, pace=pace)
    with Session(where) as opened:
        yield opened


def graphql(fake: FakeGitHub, *mutations: Reply) -> None:
    waiting = list(mutations)

    def answer(request: Request) -> Reply:
        if not request.body["query"].startswith("mutation"):
            return Reply(body=ABOUT)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    fake.on("POST", "^/graphql$", answer)


def stands(fake: FakeGitHub, *heads: str | None) -> None:
    """What the branch is at, each time that it is looked at."""
    replies = [
        Reply(body={"ref": "refs/heads/x", "object": {"sha": head}}) if head else Reply(404)
        for head in heads
    ]
    fake.on("GET", "/git/ref/heads/x$", *replies)


def test_a_branch_is_swapped_in_one_call(fake: FakeGitHub, session: Session) -> None:
    graphql(fake, Reply(body={"data": {"updateRefs": {}}}))
    refs.move(session, "x", NEW, expected=OLD)
    update = fake.asked[-1].body["variables"]["input"]["refUpdates"]
    assert update == [{"name": "refs/heads/x", "beforeOid": OLD, "afterOid": NEW, "force": True}]


@pytest.mark.parametrize("answer", [Reply(502), Reply(body={"errors": [{"message": "?"}]})])
@pytest.mark.parametrize(("wanted", "expected"), [(NEW, OLD), (None, OLD), (NEW, None)])
def test_what_was_done_though_the_answer_says_otherwise_is_done(
    fake: FakeGitHub,
    session: Session,
    answer: Reply,
    wanted: str | None,
    expected: str | None,
) -> None:
    graphql(fake, answer)
    stands(fake, wanted)
    refs.move(session, "x", wanted, expected=expected)


def test_what_is_refused_for_another_reason_is_told_in_githubs_words(
    fake: FakeGitHub, session: Session
) -> None:
    graphql(fake, Reply(body={"errors": [{"message": "Changes must be made by pull request"}]}))
    stands(fake, OLD)
    with pytest.raises(Refused, match="Changes must be made by pull request"):
        refs.move(session, "x", NEW, expected=OLD)


def test_a_limit_is_told_without_another_look(fake: FakeGitHub, session: Session) -> None:
    graphql(fake, LIMIT)
    with pytest.raises(RateLimited):
        refs.move(session, "x", NEW, expected=OLD)
    assert not any(one.method == "GET" for one in fake.asked)


_OLD_WAYS = {
    "POST": {"ref": "refs/heads/x", "sha": NEW},
    "PATCH": {"sha": NEW, "force": True},
    "DELETE": None,
}


@pytest.mark.parametrize(
    ("wanted", "expected", "verb"),
    [(NEW, None, "POST"), (NEW, OLD, "PATCH"), (None, OLD, "DELETE")],
)
def test_an_old_server_that_refuses_is_looked_at_again(
    fake: FakeGitHub, session: Session, wanted: str | None, expected: str | None, verb: str
) -> None:
    graphql(fake, Reply(body=NO_SUCH_TYPE))
    fake.on(verb, "/git/refs", Reply(422, {"message": "Reference update failed"}))
    for now, outcome in ((wanted, None), (OTHER, refs.Moved), (expected, Refused)):
        stands(fake, expected, now)
        if outcome is None:
            refs.move(session, "x", wanted, expected=expected)
            (asked,) = [one for one in fake.asked if "/git/refs" in one.path]
            assert (asked.method, asked.body) == (verb, _OLD_WAYS[verb])
            continue
        with pytest.raises(outcome):
            refs.move(session, "x", wanted, expected=expected)


def test_a_moved_branch_says_where_it_is(fake: FakeGitHub, session: Session) -> None:
    graphql(fake, Reply(body={"errors": [{"message": "expected to be at"}]}))
    stands(fake, OTHER)
    with pytest.raises(refs.Moved, match="x was moved by somebody else") as caught:
        refs.move(session, "x", NEW, expected=OLD)
    assert caught.value.head == OTHER
    assert isinstance(caught.value, UpstreamError)


# --- pull requests


def test_a_limit_ends_what_is_being_written(fake: FakeGitHub, session: Session) -> None:
    fake.on("POST", "/pulls$", LIMIT)
    fake.on("POST", "/comments$", LIMIT)
    pulls = PullRequests(session, [])
    writes: list[Callable[[], object]] = [
        lambda: pulls.open(CONTENT),
        lambda: pulls.comment(SHOWN, "x"),
    ]
    for write in writes:
        with pytest.raises(RateLimited):
            write()
    assert len(fake.asked) == 2


def test_what_is_refused_and_not_there_is_told(fake: FakeGitHub, session: Session) -> None:
    told = {"message": "Validation Failed", "errors": [{"message": "title is too long"}]}
    fake.on("POST", "/pulls$", Reply(422, told))
    fake.on("GET", "/pulls$", Reply(body=[]))
    with pytest.raises(InputError, match="title is too long"):
        PullRequests(session, []).open(CONTENT)
    assert fake.asked[-1].query == {
        "state": ["open"],
        "head": ["acme:replanner/main/x"],
        "base": ["main"],
    }


def test_labels_that_cannot_be_taken_off_are_a_warning(fake: FakeGitHub, session: Session) -> None:
    warnings: list[str] = []
    fake.on("DELETE", "/labels/gone$", Reply(404, {"message": "Label does not exist"}))
    fake.on("DELETE", "/labels/kept$", Reply(403, {"message": "Resource not accessible"}))
    more = Shown("7", "b", "open", "A title", "A body\n", ("gone", "kept", "replanner"))
    PullRequests(session, warnings).edit(more, CONTENT)
    (warning,) = warnings
    assert "take a label off #7" in warning


def test_labels_that_stay_unknown_are_a_warning(fake: FakeGitHub, session: Session) -> None:
    warnings: list[str] = []
    fake.on("POST", "/pulls$", Reply(201, PULL))
    fake.on("POST", "/labels$", Reply(422, {"message": "Could not resolve to a node"}))
    PullRequests(session, warnings).open(CONTENT)
    assert len(warnings) == 1
    assert len(fake.asked) == 5


def test_a_draft_that_is_refused_is_a_warning(fake: FakeGitHub, session: Session) -> None:
    warnings: list[str] = []
    fake.on("GET", "/pulls/7$", Reply(body=PULL))
    graphql(fake, Reply(body={"errors": [{"message": "Drafts are not supported"}]}))
    draft = Shown("7", "b", "open", "A title", "A body\n", ("replanner",), draft=True)
    PullRequests(session, warnings).edit(draft, CONTENT)
    (warning,) = warnings
    assert "Drafts are not supported" in warning
    assert fake.asked[-1].body["variables"]["input"] == {"pullRequestId": "PR_7"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Pull request Pull request is in clean status", "nothing is required"),
        ("Auto merge is not allowed for this repository", "switched off"),
        ("Protected branch rules not configured", "Protected branch rules not configured"),
    ],
)
def test_why_it_would_not_merge_is_told(
    fake: FakeGitHub, session: Session, message: str, reason: str
) -> None:
    fake.on("GET", "/pulls/7$", Reply(body=PULL))
    graphql(fake, Reply(body={"errors": [{"type": "UNPROCESSABLE", "message": message}]}))
    assert reason in PullRequests(session, []).merge_when_ready(SHOWN, "squash")
    assert fake.asked[-1].body["variables"]["input"]["mergeMethod"] == "SQUASH"


def test_a_conversation_that_is_locked_is_a_warning(fake: FakeGitHub, session: Session) -> None:
    warnings: list[str] = []
    locked = {"message": "Unable to create comment because issue is locked."}
    fake.on("POST", "/issues/7/comments$", Reply(403, locked))
    PullRequests(session, warnings).comment(SHOWN, "It fits now.")
    (warning,) = warnings
    assert "locked" in warning
    assert len(fake.asked) == 1


def test_an_outage_is_no_reason_not_to_merge(fake: FakeGitHub, session: Session) -> None:
    fake.on("GET", "/pulls/7$", Reply(body=PULL))
    graphql(fake, Reply(502))
    with pytest.raises(UpstreamError):
        PullRequests(session, []).merge_when_ready(SHOWN, "squash")


def test_state_and_body_close_together_and_an_equal_body_is_not_sent(
    fake: FakeGitHub, session: Session
) -> None:
    fake.on("PATCH", "/pulls/7$", Reply(body=PULL))
    pulls = PullRequests(session, [])
    pulls.close(SHOWN, "Closed.\n")
    pulls.close(SHOWN, SHOWN.body)
    assert [one.body for one in fake.asked] == [
        {"state": "closed", "body": "Closed.\n"},
        {"state": "closed"},
    ]
