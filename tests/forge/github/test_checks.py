"""Check runs on an emulated GitHub, which lets only Apps write them, as GitHub does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from emulated import APP_ID, OWNER, GitHub, emulated
from fake_github import FakeGitHub, Reply, fake_github
from wire import Wire, wired

from replanner.errors import AccessDenied, RateLimited, UpstreamError
from replanner.forge.github.checks import GitHubChecks
from replanner.forge.github.session import App, Connection, Pace, Session
from replanner.replan.check_runs import About, CheckWanted, Put, hold, put
from replanner.report.annotations import Annotation
from replanner.report.check_run import APPLY, NAME, REPLAN, CheckText, waiting_text

AT_ONCE = Pace(0, 0, patience_s=5, first_wait_s=0.01, timeout_s=5)
REMARK = Annotation("error", "It does not fit.", "replanner: does_not_fit", "a.yaml", 3, 3, 5)
TEXT = CheckText("failure", "❌ too large", "## It does not fit", (REMARK,), (REPLAN, APPLY))


@dataclass
class Scene:
    github: GitHub
    wire: Wire
    commit: str
    sessions: list[Session] = field(default_factory=list)

    def checks(self, token: str | None = None) -> GitHubChecks:
        app = token or App(APP_ID, self.github.app_key)
        where, url = self.github.repository, self.wire.url
        made = Connection(repository=where, token=app, api_url=url, pace=AT_ONCE)
        self.sessions.append(Session(made))
        return GitHubChecks(self.sessions[-1], APP_ID)

    def put(self, text: CheckText = TEXT, **more: Any) -> Put:
        """From a session of its own, as a job that was begun anew."""
        checks = self.checks()
        self.wire.clear()
        return put(checks, CheckWanted(self.commit, About.pull(7, "main"), text, **more))

    @property
    def shown(self) -> Any:
        (run,) = self.github.check_runs(self.commit)
        return run

    def remarks(self) -> list[Any]:
        path = f"/check-runs/{self.shown['id']}/annotations?per_page=100"
        return list(self.github.repo("GET", path))

    @property
    def writes(self) -> list[str]:
        found = [one.name for one in self.wire.writes]
        return [name for name in found if not name.endswith("/access_tokens")]


@pytest.fixture(scope="module")
def _github() -> Iterator[GitHub]:
    with emulated() as github:
        yield github


@pytest.fixture
def scene(_github: GitHub) -> Iterator[Scene]:
    _github.reset()
    commit = _github.push({"a.yaml": "one\n"}, branch="change", start="main")
    with wired(_github.url) as wire:
        made = Scene(_github, wire, commit)
        yield made
        for session in made.sessions:
            session.close()
    assert _github.violations() == []


def test_it_stands_on_the_commit_with_all_that_it_says(scene: Scene) -> None:
    assert scene.put(replace(TEXT, url="https://example.org/7")).operation == "created"
    shown = scene.shown
    assert (shown["name"], shown["status"], shown["conclusion"]) == (NAME, "completed", "failure")
    assert shown["output"]["title"] == TEXT.title
    assert shown["output"]["summary"] == TEXT.summary
    assert shown["details_url"] == "https://example.org/7"
    (remark,) = scene.remarks()
    assert (remark["path"], remark["start_line"], remark["annotation_level"]) == (
        "a.yaml",
        3,
        "failure",
    )
    (sent,) = [one for one in scene.wire.writes if one.path.endswith("/check-runs")]
    assert json.loads(sent.body)["actions"] == [REPLAN._asdict(), APPLY._asdict()]


def test_who_begins_anew_finds_it_and_writes_nothing(scene: Scene) -> None:
    scene.put()
    assert scene.put().operation == "unchanged"
    assert scene.writes == []


def test_what_changes_is_written_into_it_and_no_remark_twice(scene: Scene) -> None:
    scene.put()
    other = REMARK._replace(message="Nor does this.", line=4, end_line=4)
    changed = replace(TEXT, conclusion="neutral", title="⚠️", remarks=(REMARK, other), buttons=())
    assert scene.put(changed).operation == "updated"
    assert scene.shown["conclusion"] == "neutral"
    # GitHub adds them to those that are there.
    sent = json.loads(scene.wire.writes[-1].body)
    assert [one["message"] for one in sent["output"]["annotations"]] == [other.message]
    assert sent["actions"] == []
    assert scene.put(replace(changed, title="✅")).operation == "updated"
    assert scene.shown["output"]["title"] == "✅"


def test_a_lost_answer_leaves_one(scene: Scene) -> None:
    checks = scene.checks()
    assert checks.find(scene.commit) is None
    scene.wire.clear()
    scene.wire.lose = frozenset({1})
    wanted = CheckWanted(scene.commit, About.pull(7, "main"), TEXT)
    assert put(checks, wanted).operation == "created"
    assert scene.put().operation == "unchanged"
    assert len(scene.github.check_runs(scene.commit)) == 1


def test_a_gate_is_shut_by_a_second_one_that_counts_and_is_the_one_that_is_ended(
    scene: Scene,
) -> None:
    scene.put(replace(TEXT, conclusion="success"))
    first = scene.shown["id"]
    wanted = CheckWanted(scene.commit, About.pull(8, "main"), waiting_text(8, "main"))
    assert hold(scene.checks(), wanted).operation == "created"
    found = scene.checks().find(scene.commit)
    assert found
    assert (found.id > first, found.conclusion) == (True, "")
    shown = {one["id"]: one["status"] for one in scene.github.check_runs(scene.commit)}
    assert shown == {first: "completed", found.id: "in_progress"}
    assert scene.put().operation == "updated"
    ended = scene.checks().find(scene.commit)
    assert ended
    assert (ended.id, ended.conclusion) == (found.id, "failure")


def test_other_checks_of_the_commit_are_not_touched(scene: Scene) -> None:
    body = {"name": "tests", "head_sha": scene.commit, "status": "in_progress"}
    path = f"/repos/{scene.github.repository}/check-runs"
    scene.github.api("POST", path, body, token=scene.github.installation_token())
    scene.put()
    found = {run["name"]: run["status"] for run in scene.github.check_runs(scene.commit)}
    assert found == {"tests": "in_progress", NAME: "completed"}


def test_each_commit_has_its_own(scene: Scene) -> None:
    scene.put()
    scene.commit = scene.github.push({"a.yaml": "two\n"}, branch="change")
    assert scene.put().operation == "created"


def test_a_persons_token_may_not_write_one(scene: Scene) -> None:
    with pytest.raises(AccessDenied, match="GitHub App"):
        scene.checks(OWNER).create(scene.commit, "tag", TEXT)


def test_an_outage_is_told_and_a_limit_says_how_long(scene: Scene) -> None:
    commit = scene.commit
    scene.github.faults({"method": "POST", "path": "/check-runs$", "status": 502})
    assert isinstance(scene.put().error, UpstreamError)
    limit = {"method": "POST", "path": "/check-runs$", "status": 429}
    scene.github.faults({**limit, "headers": {"Retry-After": "77"}})
    error = scene.put().error
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 77
    scene.github.faults()
    assert scene.github.check_runs(commit) == []
    assert scene.put().operation == "created"


def test_an_app_that_lacks_the_right_is_told_which(scene: Scene) -> None:
    says = {"message": "Resource not accessible by integration"}
    scene.github.faults({"method": "GET", "path": "/check-runs$", "status": 403, "body": says})
    found = scene.put()
    scene.github.faults()
    assert (found.operation, found.error) == ("denied", None)
    assert "Checks: read and write" in found.warning


# --- what no emulator shows


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


def found_among(fake: FakeGitHub, *runs: dict[str, object]) -> int | None:
    usual: dict[str, object] = {
        "name": NAME,
        "head_sha": "a" * 40,
        "external_id": None,
        "output": {},
    }
    body = {"total_count": len(runs), "check_runs": [{**usual, **one} for one in runs]}
    fake.on("GET", "/check-runs$", Reply(body=body))
    where = Connection(repository="acme/infra", token="t", api_url=fake.url, pace=AT_ONCE)  # noqa: S106 - a test's
    with Session(where) as session:
        run = GitHubChecks(session, 12).find("a" * 40)
    return run.id if run else None


def test_only_our_own_app_is_asked_for_and_believed(fake: FakeGitHub) -> None:
    """Somebody's workflow may have a check of our name."""
    others = [{"id": 9, "app": {"id": 15368}}, {"id": 8, "app": {"id": 12}, "name": "replanner"}]
    assert found_among(fake, *others) is None
    assert fake.asked[0].query == {
        "check_name": [NAME],
        "app_id": ["12"],
        "filter": ["all"],
        "per_page": ["100"],
    }
    assert found_among(fake, *others, {"id": 7, "app": {"id": 12}}) == 7


def test_the_newest_counts_should_there_be_two(fake: FakeGitHub) -> None:
    runs: list[dict[str, object]] = [{"id": number, "app": {"id": 12}} for number in (3, 5, 4)]
    assert found_among(fake, *runs) == 5
