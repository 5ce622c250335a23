"""Runs with a GitHub App: its token in a workflow, its key on a server of one's own."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from action_run import Ran, Step, pull_event, schedule_event
from emulated import APP_ID, APP_LOGIN, GitHub
from stories import profile

from replanner.errors import InputError
from replanner.forge.github.proposals import GitHubForge
from replanner.forge.github.pulls import GitHubPulls
from replanner.forge.github.session import App, Connection, Pace, Session

CHAT = "profiles/chat.yaml"
AT_ONCE = Pace(0, 0, patience_s=5, first_wait_s=0.01)


@pytest.fixture(autouse=True)
def _viewer(step: Step, github: GitHub) -> None:
    step.wire.altered = github.seen_by_app


def by_app(step: Step, github: GitHub, event: str, payload: object) -> Ran:
    assert isinstance(payload, dict)
    return step.run(event, payload, token=github.installation_token())


def session(step: Step, github: GitHub, key: str | None = None) -> Session:
    app = App(APP_ID, github.app_key if key is None else key)
    where, url = github.repository, step.wire.url
    return Session(Connection(repository=where, token=app, api_url=url, pace=AT_ONCE))


def test_its_comment_is_the_apps_and_a_second_run_writes_nothing(
    step: Step, github: GitHub
) -> None:
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    first = by_app(step, github, "pull_request", pull_event(github, number, "opened"))
    assert first.outputs["comment-operation"] == "created"
    (comment,) = github.comments(number)
    assert comment["user"]["login"] == APP_LOGIN
    again = by_app(step, github, "pull_request", pull_event(github, number))
    assert again.outputs["comment-operation"] == "unchanged"
    assert not again.writes


def test_its_proposal_is_the_apps_and_a_second_run_writes_nothing(
    step: Step, github: GitHub
) -> None:
    github.push({CHAT: profile()})
    first = by_app(step, github, "schedule", schedule_event(github))
    assert first.outputs["pull-request-operation"] == "created"
    (pull,) = github.pulls()
    assert pull["user"]["login"] == APP_LOGIN
    assert "approve" not in first.log, "an App's pushes start checks"
    again = by_app(step, github, "schedule", schedule_event(github))
    assert again.outputs["pull-request-operation"] == "unchanged"
    assert not again.writes


def test_what_an_app_proposed_is_not_another_tokens_to_rewrite(step: Step, github: GitHub) -> None:
    """Nor is it lost to it: the pull request of the branch is seen, and left."""
    github.push({CHAT: profile()})
    by_app(step, github, "schedule", schedule_event(github))
    ran = step.run("schedule", schedule_event(github))
    assert len(github.pulls("all")) == 1
    assert not ran.writes


def test_a_session_holds_the_apps_key_and_knows_its_account(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    with session(step, github) as opened:
        assert opened.me == (APP_LOGIN, "app")
        base = GitHubForge(opened).base(None)
        assert base.tree.read(CHAT).decode() == profile()
    assert github.app_key.splitlines()[1] not in repr(opened.connection)


def test_a_session_outlives_the_apps_tokens(step: Step, github: GitHub) -> None:
    """An installation's token lives for an hour, a server for months."""
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    made: list[str] = []

    def soon_over(path: str, data: bytes) -> bytes:
        if not path.endswith("/access_tokens"):
            return github.seen_by_app(path, data)
        made.append(json.loads(data)["token"])
        soon = datetime.now(UTC) + timedelta(seconds=5)
        return json.dumps({**json.loads(data), "expires_at": f"{soon:%Y-%m-%dT%H:%M:%SZ}"}).encode()

    step.wire.altered = soon_over
    with session(step, github) as opened:
        pulls = GitHubPulls(opened)
        said = pulls.add_comment(number, "one")
        pulls.edit_comment(said, "two")
        assert [one.body for one in pulls.comments(number) if one.ours] == ["two"]
    assert len(made) > 1
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("key", ["no key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"])
def test_a_key_that_is_none_is_told_in_a_sentence(step: Step, github: GitHub, key: str) -> None:
    with (
        session(step, github, key) as opened,
        pytest.raises(InputError, match="private key cannot be read"),
    ):
        GitHubForge(opened).base(None)
