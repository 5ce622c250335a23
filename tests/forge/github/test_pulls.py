"""People's pull requests on an emulated GitHub: read, talked to, and written to."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from emulated import OWNER, READER, GitHub, emulated
from samples import record
from wire import Wire, wired

from replanner.errors import InputError, ReplannerError, UpstreamError
from replanner.forge.github.pulls import GitHubPulls
from replanner.forge.github.session import Connection, Pace, Session
from replanner.propose import Blob
from replanner.propose.sticky import Add, Remove, Rewrite
from replanner.replan.ports import Note, Pull, Pulls
from replanner.replan.talk import TalkOptions, Told, publish
from replanner.report.look import Look
from replanner.report.review import Edit, Review, Reviewed

PROFILE = "profiles/chat.yaml"
TEXT = "profile_version: 1\nmodel:\n  id: acme/small\nhardware:\n  gpus: 1\n  tp_size: 1\n"
AT_ONCE = Pace(0, 0, patience_s=5, first_wait_s=0.01)
FITS = Reviewed("chat", PROFILE, "changed", "ok", record=record())
EDIT = Edit(PROFILE, 6, "  tp_size: 2", "hardware.tp_size", "2", "fits with 3.1 GiB to spare")


@dataclass
class Scene:
    """One pull request, and sessions of different people who look at it."""

    github: GitHub
    wire: Wire
    number: int
    sessions: list[Session] = field(default_factory=list)

    def session(self, token: str = OWNER) -> Session:
        where = Connection(
            repository=self.github.repository, token=token, api_url=self.wire.url, pace=AT_ONCE
        )
        self.sessions.append(Session(where))
        return self.sessions[-1]

    def pulls(self, token: str = OWNER) -> GitHubPulls:
        return GitHubPulls(self.session(token))

    @property
    def pull(self) -> Pull:
        return self.pulls().pull(self.number)

    def comments(self) -> list[Any]:
        return self.github.comments(self.number)

    def say(self, body: str) -> int:
        path = f"/issues/{self.number}/comments"
        return int(self.github.repo("POST", path, {"body": body})["id"])

    def review(self, digest: str = "sha256:1", *profiles: Reviewed) -> Review:
        pull = self.pull
        lines = self.pulls().compare(pull.base_commit, pull.head_commit).lines
        shown = frozenset((path, line) for path, some in lines.items() for line in some)
        return Review(
            profiles or (FITS,),
            "ok",
            blocked=False,
            exit_code=0,
            base="main",
            base_commit=pull.base_commit,
            head_commit=pull.head_commit,
            digest=digest,
            changed_lines=shown,
        )

    def talk(self, review: Review, *, token: str = OWNER, **options: Any) -> Told:
        pull, pulls = self.pull, self.pulls(token)
        self.wire.clear()
        wanted = TalkOptions(**{"seq": 1, **options})
        return publish(pulls, pull, review, look=Look(), options=wanted)

    @property
    def sent(self) -> list[str]:
        """The calls of the last talk."""
        return [one.name for one in self.wire.sent]


@pytest.fixture(scope="module")
def _github() -> Iterator[GitHub]:
    with emulated() as github:
        yield github


@pytest.fixture
def scene(_github: GitHub) -> Iterator[Scene]:
    """A pull request that puts one profile on two GPUs. Nothing sent may break GitHub's own
    description of its API."""
    _github.reset()
    _github.push({PROFILE: TEXT, "README.md": "# Infra\n"})
    _github.push({PROFILE: TEXT.replace("gpus: 1", "gpus: 2")}, branch="wider", start="main")
    number = _github.open_pull("wider")
    with wired(_github.url) as wire:
        made = Scene(_github, wire, number)
        yield made
        for session in made.sessions:
            session.close()
    assert _github.violations() == []


# --- reading


def test_a_pull_request_is_read_whole(scene: Scene) -> None:
    scene.github.repo("POST", f"/issues/{scene.number}/labels", {"labels": ["replanner:apply"]})

    assert scene.pull == Pull(
        number=scene.number,
        state="open",
        base="main",
        base_commit=scene.github.head(),
        head="wider",
        head_commit=scene.github.head("wider"),
        head_repository="acme-bot/infra",
        author="acme-bot",
        labels=("replanner:apply",),
        title="A change",
    )


def test_a_merged_one_and_a_closed_one_are_told_apart(scene: Scene) -> None:
    scene.github.push({"more.md": "x\n"}, branch="other", start="main")
    closed = scene.github.open_pull("other")
    scene.github.repo("PATCH", f"/pulls/{closed}", {"state": "closed"})
    scene.github.repo("PUT", f"/pulls/{scene.number}/merge", {})

    assert scene.pull.state == "merged"
    assert scene.pulls().pull(closed).state == "closed"


def test_a_pull_request_that_is_not_there_is_a_sentence(scene: Scene) -> None:
    with pytest.raises(ReplannerError, match="cannot read pull request 99"):
        scene.pulls().pull(99)


def test_the_pull_request_of_a_commit_is_the_open_one_from_that_repository(scene: Scene) -> None:
    pulls, head = scene.pulls(), scene.github.head("wider")

    found = pulls.pull_of(head, repository="Acme-Bot/Infra")
    assert found is not None
    assert found.number == scene.number
    assert pulls.pull_of(head, repository="somebody/infra") is None
    assert pulls.pull_of(scene.github.head(), repository="acme-bot/infra") is None

    scene.github.repo("PATCH", f"/pulls/{scene.number}", {"state": "closed"})
    assert pulls.pull_of(head, repository="acme-bot/infra") is None


def test_all_open_pull_requests_of_a_commit_are_found(scene: Scene) -> None:
    pulls, head = scene.pulls(), scene.github.head("wider")
    scene.github.repo("POST", "/git/refs", {"ref": "refs/heads/second", "sha": head})
    second = scene.github.open_pull("second")
    assert {one.number for one in pulls.pulls_at(head)} == {scene.number, second}
    assert pulls.pulls_at(scene.github.head()) == []
    scene.github.repo("PATCH", f"/pulls/{second}", {"state": "closed"})
    assert [one.number for one in pulls.pulls_at(head)] == [scene.number]


def test_a_comparison_starts_where_the_branch_left_the_base(scene: Scene) -> None:
    left = scene.github.head()
    scene.github.push({"README.md": "# Moved on\n"})
    scene.github.push({"notes.md": "a\nb\n", "README.md": None}, branch="wider")

    found = scene.pulls().compare(scene.github.head(), scene.github.head("wider"))

    assert found.merge_base == left
    assert found.complete
    assert found.lines["notes.md"] == {1, 2}
    assert found.lines["README.md"] == frozenset()
    assert 5 in found.lines[PROFILE]
    assert set(found.lines) == {"notes.md", "README.md", PROFILE}


def test_a_comparison_of_very_many_files_says_that_it_is_cut_off(scene: Scene) -> None:
    scene.github.push({f"many/{at}.txt": "x\n" for at in range(300)}, branch="wider")

    assert not scene.pulls().compare("main", scene.github.head("wider")).complete


def test_files_are_read_at_the_head(scene: Scene) -> None:
    tree = scene.pulls().tree(scene.github.head("wider"))

    assert b"gpus: 2" in tree.read(PROFILE)


@pytest.mark.parametrize(
    ("login", "may"),
    [("acme-bot", True), ("octocat", False), ("who-is-this", False), ("a/../b", False)],
)
def test_who_may_write_is_asked(scene: Scene, login: str, may: bool) -> None:  # noqa: FBT001 - a column of the table
    assert scene.pulls().may_write(login) is may


# --- saying


def test_a_first_comment_and_the_same_again(scene: Scene) -> None:
    review = scene.review()

    told = scene.talk(review)

    [comment] = scene.comments()
    assert told.operation == "created"
    assert told.comment is not None
    assert told.comment.id == comment["id"]
    assert told.comment.url.endswith(f"/{scene.number}#issuecomment-{comment['id']}")
    assert comment["body"].startswith("<!-- replanner:comment v=1 scope=default ")
    assert len(scene.sent) == 4

    assert scene.talk(review, seq=2).operation == "unchanged"
    assert len(scene.sent) == 1
    assert scene.wire.writes == []


def test_another_plan_is_written_in_place(scene: Scene) -> None:
    scene.talk(scene.review())

    told = scene.talk(scene.review("sha256:2", replace(FITS, name="rag")))

    [comment] = scene.comments()
    assert told.operation == "updated"
    assert "<code>rag</code>" in comment["body"]
    assert len(scene.wire.writes) == 1


def test_duplicates_are_healed_and_people_left_alone(scene: Scene) -> None:
    scene.talk(scene.review())
    [first] = scene.comments()
    scene.say(f"> {first['body']}\n\nWhy?")
    scene.say(first["body"])
    person = GitHub(scene.github.url, token=READER)
    person.repo("POST", f"/issues/{scene.number}/comments", {"body": first["body"]})

    told = scene.talk(scene.review("sha256:2", replace(FITS, name="rag")))

    assert [type(step) for step in told.steps] == [Rewrite, Remove]
    shown = scene.comments()
    assert len(shown) == 3
    assert shown[0]["id"] == first["id"]
    assert [one["user"]["login"] for one in shown] == ["acme-bot", "acme-bot", "outsider"]
    assert shown[1]["body"].startswith("> ")
    assert shown[2]["body"] == first["body"]
    assert scene.talk(scene.review("sha256:2", replace(FITS, name="rag"))).operation == "unchanged"


def test_only_quotes_of_ours_are_no_comment_of_ours(scene: Scene) -> None:
    scene.say("Look:\n<!-- replanner:comment v=1 scope=default -->")

    assert scene.talk(scene.review()).operation == "created"
    assert len(scene.comments()) == 2


def test_our_comment_is_found_beyond_the_first_hundred(scene: Scene) -> None:
    for at in range(105):
        scene.say(f"comment {at}")
    scene.talk(scene.review())

    assert scene.talk(scene.review()).operation == "unchanged"
    assert scene.sent == ["graphql query($owner: String!,"] * 2


def test_an_older_run_never_overwrites_a_newer_one(scene: Scene) -> None:
    review = scene.review()
    scene.talk(scene.review("sha256:2", replace(FITS, name="rag")), seq=5)

    assert scene.talk(review, seq=4).operation == "skipped-stale"
    assert scene.wire.writes == []


def test_a_run_for_a_head_that_moved_on_says_nothing(scene: Scene) -> None:
    review = scene.review()
    scene.github.push({"more.md": "x\n"}, branch="wider")

    assert scene.talk(review).operation == "skipped-stale"
    assert scene.comments() == []


def test_recreating_folds_the_old_comment_once(scene: Scene) -> None:
    other = scene.review("sha256:2", replace(FITS, name="rag"))
    scene.talk(scene.review(), mode="recreate")

    assert scene.talk(other, mode="recreate").operation == "created"
    assert [one.minimized for one in scene.pulls().comments(scene.number)] == [True, False]
    assert scene.talk(other, mode="recreate").operation == "unchanged"
    assert scene.wire.writes == []


def test_scopes_have_a_comment_each(scene: Scene) -> None:
    for scope in ("default", "eu/prod"):
        publish(
            scene.pulls(),
            scene.pull,
            scene.review(),
            look=Look(scope=scope),
            options=TalkOptions(seq=1),
        )

    assert len(scene.comments()) == 2
    assert scene.talk(scene.review()).operation == "unchanged"


def test_a_suggestion_stands_on_a_line_of_the_diff_once(scene: Scene) -> None:
    review = scene.review("sha256:3", replace(FITS, level="infeasible", edits=(EDIT,)))

    told = scene.talk(review)
    assert told.warnings == ()
    assert len(told.notes) == 1
    [note] = scene.github.repo("GET", f"/pulls/{scene.number}/comments")
    assert (note["path"], note["line"]) == (PROFILE, 6)
    assert "```suggestion\n  tp_size: 2\n```" in note["body"]
    [made] = scene.github.repo("GET", f"/pulls/{scene.number}/reviews")
    assert made["state"] == "COMMENTED"

    assert scene.talk(review).notes == ()
    assert scene.wire.writes == []


def test_a_review_whose_line_is_refused_leaves_a_warning(scene: Scene) -> None:
    with pytest.raises(ReplannerError, match="Line could not be resolved"):
        scene.pulls().add_notes(scene.pull, [Note(PROFILE, 900, "x")])


@pytest.mark.parametrize(
    "said",
    [
        "Resource not accessible by integration",
        "Unable to create comment because issue is locked.",
    ],
)
def test_a_token_or_a_place_that_lets_nobody_speak_is_a_warning(scene: Scene, said: str) -> None:
    scene.github.faults(
        {
            "method": "POST",
            "path": r"/issues/\d+/comments$",
            "status": 403,
            "body": {"message": said},
            "headers": {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"},
        }
    )

    told = scene.talk(scene.review())

    assert told.operation == "skipped-readonly"
    [warning] = told.warnings
    assert said.rstrip(".") in warning
    assert "pull-requests: write" in warning
    assert scene.comments() == []


def test_another_account_has_a_comment_of_its_own(scene: Scene) -> None:
    scene.talk(scene.review())
    [first] = scene.comments()

    assert scene.talk(scene.review("sha256:2"), token=READER).operation == "created"
    assert [one["user"]["login"] for one in scene.comments()] == ["acme-bot", "outsider"]
    assert scene.comments()[0]["body"] == first["body"]


def test_a_comment_whose_answer_is_lost_is_not_made_twice(scene: Scene) -> None:
    review, pull, pulls = scene.review(), scene.pull, scene.pulls()
    scene.wire.clear()
    scene.wire.lose = frozenset({1})

    told = publish(pulls, pull, review, look=Look(), options=TalkOptions(seq=1))

    assert (told.operation, told.warnings) == ("created", ())
    assert len(scene.comments()) == 1


def test_a_dry_run_only_reads(scene: Scene) -> None:
    told = scene.talk(scene.review(), dry_run=True)

    assert [type(step) for step in told.steps] == [Add]
    assert scene.wire.writes == []


def test_who_asked_sees_that_it_was_read(scene: Scene) -> None:
    comment = scene.say("/replan")
    pulls = scene.pulls()

    pulls.react(comment)
    pulls.react(comment)

    [reaction] = scene.github.repo("GET", f"/issues/comments/{comment}/reactions")
    assert reaction["content"] == "eyes"


def test_a_label_that_was_acted_on_is_taken_off(scene: Scene) -> None:
    scene.github.repo("POST", f"/issues/{scene.number}/labels", {"labels": ["replanner:apply"]})
    pulls, pull = scene.pulls(), scene.pull

    pulls.remove_label(pull, "replanner:apply")
    pulls.remove_label(pull, "replanner:apply")

    assert scene.pull.labels == ()


def test_files_are_put_on_the_branch_of_the_pull_request(scene: Scene) -> None:
    before, pull = scene.github.head("wider"), scene.pull
    files = {"deploy/run.sh": Blob(b"#!/bin/sh\n", executable=True), "README.md": None}

    made = scene.pulls().commit(pull, files, message="Apply the plan\n")

    assert scene.github.head("wider") == made
    commit = scene.github.repo("GET", f"/commits/{made}")
    assert [one["sha"] for one in commit["parents"]] == [before]
    assert commit["commit"]["message"] == "Apply the plan\n"
    assert scene.github.read("deploy/run.sh", made) == "#!/bin/sh\n"
    assert not scene.github.exists("README.md", made)
    assert scene.github.exists(PROFILE, made)


def test_files_that_are_there_already_make_no_commit(scene: Scene) -> None:
    scene.wire.clear()
    pull, files = scene.pull, {"README.md": Blob(b"# Infra\n"), "gone.md": None}

    assert scene.pulls().commit(pull, files, message="x") == pull.head_commit
    assert scene.github.head("wider") == pull.head_commit


def test_a_branch_that_somebody_pushed_to_meanwhile_is_left_alone(scene: Scene) -> None:
    pull = scene.pull
    theirs = scene.github.push({"more.md": "x\n"}, branch="wider")

    with pytest.raises(UpstreamError, match="wider was moved"):
        scene.pulls().commit(pull, {"a.md": Blob(b"a\n")}, message="x")

    assert scene.github.head("wider") == theirs


@pytest.mark.parametrize("home", ["somebody/infra", ""])
def test_a_forks_branch_is_not_written_to(scene: Scene, home: str) -> None:
    pull = replace(scene.pull, head_repository=home)

    with pytest.raises(InputError, match="comes from a fork"):
        scene.pulls().commit(pull, {"a.md": Blob(b"a\n")}, message="x")


def test_deleting_what_another_run_deleted_is_fine(scene: Scene) -> None:
    pulls = scene.pulls()
    comment = pulls.add_comment(scene.number, "x")

    pulls.delete_comment(comment)
    pulls.delete_comment(comment)

    assert scene.comments() == []


def test_it_is_the_port(scene: Scene) -> None:
    port: Pulls = scene.pulls()
    assert port.pull(scene.number).number == scene.number
