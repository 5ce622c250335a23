"""The whole loop against an emulated GitHub: what is proposed, what is left alone, in how many
calls. What GitHub's own description of its API has against any request fails every test."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from configs import LLAMA_2_70B, LLAMA_3_1_8B
from emulated import OWNER, READER, REPOSITORY, GitHub, emulated
from wire import Sent, Wire, wired

from replanner.errors import AccessDenied, InputError, UpstreamError
from replanner.forge.github.commits import write_commit
from replanner.forge.github.proposals import GitHubForge
from replanner.forge.github.refusals import BlockedBySettings, NotThere
from replanner.forge.github.session import Connection, Pace, Session
from replanner.forge.github.trees import GitHubTree
from replanner.hub.folder import LocalHub, commit_model
from replanner.propose import Blob, Content, Leave, Proposal, read_state
from replanner.replan import Options, Replanned, replan

SMALL, LARGE = LLAMA_3_1_8B, LLAMA_2_70B
LLAMA, OTHER = "acme/llama", "acme/other"
CHAT = "profiles/chat.yaml"
PREFIX = "replanner/main/"
AT_ONCE = Pace(0, 0, patience_s=5, first_wait_s=0.01)


def profile(model: str = LLAMA) -> str:
    return f"profile_version: 1\nmodel:\n  id: {model}\nhardware:\n  gpu_name: H100\n"


@dataclass
class World:
    """A repository with a profile, a hub with its model, and runs of the loop between them."""

    github: GitHub
    wire: Wire
    hub_dir: Path
    sessions: list[Session] = field(default_factory=list)
    forge: GitHubForge | None = None

    def model(self, config: object = SMALL, model_id: str = LLAMA) -> str:
        return commit_model(self.hub_dir, model_id, {"config.json": json.dumps(config).encode()})

    def session(self, token: str = OWNER, repository: str = REPOSITORY) -> Session:
        where = Connection(repository=repository, token=token, api_url=self.wire.url, pace=AT_ONCE)
        self.sessions.append(Session(where))
        return self.sessions[-1]

    def new_forge(self) -> GitHubForge:
        self.wire.clear()
        self.forge = GitHubForge(self.session())
        return self.forge

    def run(self, **options: Any) -> Replanned:
        return replan(self.new_forge(), LocalHub(self.hub_dir), Options(**options))

    @property
    def pull(self) -> Any:
        (pull,) = self.github.pulls()
        return pull

    @property
    def branch(self) -> str:
        return str(self.pull["head"]["ref"])

    def merge(self) -> None:
        self.github.repo("PUT", f"/pulls/{self.pull['number']}/merge", {})


@pytest.fixture(scope="module")
def server() -> Iterator[GitHub]:
    with emulated() as github:
        yield github


@pytest.fixture
def world(server: GitHub, tmp_path: Path) -> Iterator[World]:
    server.reset()
    with wired(server.url) as wire:
        made = World(server, wire, tmp_path)
        made.model()
        made.model(SMALL, OTHER)
        made.github.push({CHAT: profile()})
        yield made
        for session in made.sessions:
            session.close()
    assert [one for one in server.violations() if "/rules/branches/" not in one] == []


def kinds(result: Replanned) -> list[str]:
    assert [str(one.error) for one in result.failures] == []
    return [type(step).__name__ for step in result.steps]


def named(sent: list[Sent]) -> list[str]:
    return [one.name.removeprefix(f"{one.method} /repos/{REPOSITORY}/") for one in sent]


def fault(path: str, status: int, message: str, method: str = "POST", **more: object) -> Any:
    return {
        "method": method,
        "path": path,
        "status": status,
        "body": {"message": message},
        "times": 1,
        **more,
    }


def test_a_first_plan_becomes_one_commit_and_one_pull_request(world: World) -> None:
    assert kinds(world.run()) == ["Push", "Open"]
    state = read_state(world.pull["body"])
    assert state is not None
    assert state.head == world.pull["head"]["sha"] == world.github.head(world.branch)
    assert [label["name"] for label in world.pull["labels"]] == ["replanner"]
    commit = world.github.repo("GET", f"/git/commits/{state.head}")
    assert [one["sha"] for one in commit["parents"]] == [world.github.head("main")]
    assert f"Replanner-Plan: {state.digest}" in commit["message"]
    assert json.loads(world.github.read("deploy/chat/plan.json", world.branch))
    assert world.github.read(CHAT, world.branch) == profile()


def test_a_second_run_writes_nothing(world: World) -> None:
    world.run()
    assert kinds(world.run()) == []
    assert world.wire.writes == []


def test_how_many_calls_it_takes(world: World) -> None:
    world.github.push({f"profiles/p{number}.yaml": profile() for number in range(11)})
    world.run()
    assert len(world.wire.sent) <= 14, named(world.wire.sent)
    world.run()
    assert len(world.wire.sent) <= 9, named(world.wire.sent)


def test_a_model_that_moves_again_rewrites_the_same_pull_request(world: World) -> None:
    world.run()
    world.merge()
    world.run()
    world.model(LARGE)
    world.run()
    first = world.pull
    world.model({**LARGE, "max_position_embeddings": 8192})
    assert kinds(world.run()) == ["Push", "Edit"]
    assert world.pull["number"] == first["number"]
    assert world.pull["head"]["sha"] != first["head"]["sha"]
    assert kinds(world.run()) == []


def test_after_a_merge_the_branch_is_tidied_away(world: World) -> None:
    world.run()
    branch = world.branch
    world.merge()
    assert kinds(world.run()) == ["DeleteBranch"]
    assert world.forge is not None
    assert world.forge.look(world.forge.base(None), PREFIX, wanted=[branch]).proposals[0].state == (
        "merged"
    )
    assert kinds(world.run()) == []


def test_a_commit_of_somebody_else_stops_us(world: World) -> None:
    world.run()
    theirs = world.github.push(
        {"deploy/chat/docker-compose.yaml": "mine: 1\n"}, branch=world.branch
    )
    world.model(LARGE)
    result = world.run()
    assert [step.reason for step in result.steps if isinstance(step, Leave)] == ["modified"]
    assert world.pull["head"]["sha"] == theirs
    assert "replanner:modified" in [label["name"] for label in world.pull["labels"]]
    world.run()
    assert world.wire.writes == []


def test_an_amended_commit_of_ours_is_not_ours(world: World) -> None:
    world.run()
    head = world.github.repo("GET", f"/git/commits/{world.github.head(world.branch)}")
    amended = world.github.repo(
        "POST",
        "/git/commits",
        {
            "message": head["message"],
            "tree": head["tree"]["sha"],
            "parents": [one["sha"] for one in head["parents"]],
            "author": head["author"],
            "committer": {**head["author"], "date": "2031-01-02T03:04:05Z"},
        },
    )
    ref = f"/git/refs/heads/{world.branch}"
    world.github.repo("PATCH", ref, {"sha": amended["sha"], "force": True})
    forge = world.new_forge()
    assert not forge.look(forge.base(None), PREFIX).branches[world.branch].ours


def test_a_base_that_moves_elsewhere_is_no_reason_to_push(world: World) -> None:
    world.run()
    world.github.push({"README.md": "other\n"})
    assert kinds(world.run()) == []
    assert world.wire.writes == []
    forge = world.new_forge()
    assert forge.look(forge.base(None), PREFIX).branches[world.branch].behind


def test_a_base_that_moves_under_the_branch_is(world: World) -> None:
    world.run()
    world.github.push({"deploy/chat/docker-compose.yaml": "theirs: 1\n"})
    forge = world.new_forge()
    assert forge.look(forge.base(None), PREFIX).branches[world.branch].conflicted
    assert "Push" in kinds(world.run())
    forge = world.new_forge()
    assert not forge.look(forge.base(None), PREFIX).branches[world.branch].conflicted


@pytest.mark.parametrize("delete", [False, True])
def test_what_somebody_closed_stays_closed_until_it_changes(world: World, *, delete: bool) -> None:
    world.run()
    branch, number = world.branch, world.pull["number"]
    world.github.repo("PATCH", f"/pulls/{number}", {"state": "closed"})
    if delete:
        world.github.repo("DELETE", f"/git/refs/heads/{branch}")
    assert kinds(world.run()) == ["Leave"]
    assert world.wire.writes == []
    world.model(LARGE)
    assert kinds(world.run()) == ["Push", "Open"]
    assert world.pull["number"] != number


def test_what_is_left_of_nothing_is_closed_with_the_reason(world: World) -> None:
    world.run()
    branch, number = world.branch, world.pull["number"]
    world.github.push({CHAT: None})
    assert kinds(world.run()) == ["Close", "DeleteBranch"]
    shown = world.github.pull(number)
    state = read_state(shown["body"])
    assert shown["state"] == "closed"
    assert state is not None
    assert state.closed
    with pytest.raises(OSError, match="404"):
        world.github.head(branch)


def raced(world: World, act: Callable[[], None]) -> None:
    """Do it between our look and our push."""
    done = []

    def cut(_number: int, moment: str) -> bool:
        last = world.wire.sent[-1].path if world.wire.sent else ""
        if moment == "after" and last.endswith("/git/commits") and not done:
            done.append(True)
            act()
        return False

    world.wire.cut = cut


def test_a_race_is_lost_without_overwriting(world: World) -> None:
    world.run()
    branch = world.branch
    world.model(LARGE)
    forge = world.new_forge()
    theirs: list[str] = []
    raced(world, lambda: theirs.append(world.github.push({"x": "1"}, branch=branch)))
    result = replan(forge, LocalHub(world.hub_dir), Options())
    (failure,) = result.failures
    assert isinstance(failure.error, UpstreamError)
    assert "was moved by somebody else" in failure.error.message
    assert world.github.head(branch) == theirs[0]


def test_a_branch_made_meanwhile_is_not_overwritten_either(world: World) -> None:
    branch = world.run(dry_run=True).proposals[0].branch
    forge = world.new_forge()
    theirs: list[str] = []
    raced(
        world,
        lambda: theirs.append(world.github.push({"x": "1"}, branch=branch, start="main")),
    )
    (failure,) = replan(forge, LocalHub(world.hub_dir), Options()).failures
    assert "was moved by somebody else" in failure.error.message
    assert world.github.head(branch) == theirs[0]


def test_the_same_run_twice_at_once_is_one_proposal(world: World) -> None:
    proposal = world.run(dry_run=True).proposals[0]
    one, two = world.new_forge(), world.new_forge()
    head = one.push(proposal, expected=None)
    assert two.push(proposal, expected=None) == head


@pytest.mark.parametrize("number", range(1, 6))
def test_an_answer_that_is_lost_makes_nothing_twice(world: World, number: int) -> None:
    forge = world.new_forge()
    world.wire.lose = frozenset([number])
    result = replan(forge, LocalHub(world.hub_dir), Options())
    assert kinds(result) == ["Push", "Open"]
    assert len(world.github.pulls("all")) == 1
    world.wire.lose = frozenset()
    world.run()
    assert [label["name"] for label in world.pull["labels"]] == ["replanner"]
    assert kinds(world.run()) == []


def test_where_updaterefs_is_unknown_branches_are_moved_by_rest(world: World) -> None:
    unknown = {
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "body": {"errors": [{"message": "UpdateRefsInput isn't a defined input type (on $input)"}]},
        "times": 1,
    }
    proposal = world.run(dry_run=True).proposals[0]
    forge = world.new_forge()
    forge.session.repository_id  # noqa: B018 - asked before the next query fails
    world.github.faults(unknown)
    head = forge.push(proposal, expected=None)
    assert world.github.head(proposal.branch) == head
    world.model(LARGE)
    again = world.run(dry_run=True).proposals[0]
    world.github.faults(unknown)
    assert forge.push(again, expected=head) != head
    world.github.faults(unknown)
    with pytest.raises(UpstreamError, match="was moved"):
        forge.delete_branch(proposal.branch, expected=head)
    world.github.faults(unknown)
    forge.delete_branch(proposal.branch, expected=world.github.head(proposal.branch))
    with pytest.raises(OSError, match="404"):
        world.github.head(proposal.branch)


def test_a_label_that_is_refused_is_a_warning(world: World) -> None:
    world.github.faults(fault("/labels$", 403, "Resource not accessible by integration"))
    assert kinds(world.run()) == ["Push", "Open"]
    assert world.forge is not None
    (warning,) = world.forge.warnings
    assert "may not label #" in warning
    assert "Resource not accessible by integration" in warning
    assert kinds(world.run()) == ["Edit"]
    assert [label["name"] for label in world.pull["labels"]] == ["replanner"]


def test_a_pull_request_that_is_not_known_everywhere_yet_is_waited_for(world: World) -> None:
    told = "Could not resolve to a node with the global id of 'PR_1'."
    world.github.faults(fault("/labels$", 422, told, times=2))
    assert kinds(world.run()) == ["Push", "Open"]
    assert world.forge is not None
    assert world.forge.warnings == []
    assert [label["name"] for label in world.pull["labels"]] == ["replanner"]


def content(world: World, **changes: Any) -> Content:
    proposal = world.run(dry_run=True).proposals[0]
    forge = world.new_forge()
    forge.push(proposal, expected=None)
    values = {
        "branch": proposal.branch,
        "base": "main",
        "title": "A title",
        "body": "A body\n",
        "labels": ("replanner",),
        "draft": False,
    }
    return Content(**{**values, **changes})


def test_people_are_asked_once_and_their_absence_is_a_warning(world: World) -> None:
    asked = content(world, assignees=("octocat", "ghosty"), reviewers=("octocat",))
    forge = world.new_forge()
    forge.open(asked)
    assert [one["login"] for one in world.pull["assignees"]] == ["octocat"]
    assert [one["login"] for one in world.pull["requested_reviewers"]] == ["octocat"]
    assert forge.warnings == [f"#{world.pull['number']} cannot be assigned to ghosty."]


def test_a_reviewer_that_github_refuses_is_a_warning(world: World) -> None:
    forge = world.new_forge()
    forge.open(content(world, reviewers=("ghosty",)))
    (warning,) = forge.warnings
    assert "request reviews" in warning


def test_one_that_is_open_already_is_taken_over(world: World) -> None:
    wanted = content(world)
    number = world.github.open_pull(wanted.branch, title="By hand")
    world.github.repo("POST", f"/issues/{number}/labels", {"labels": ["theirs"]})
    shown = world.new_forge().open(wanted)
    assert shown.id == str(number)
    assert (world.pull["title"], world.pull["body"]) == ("A title", "A body\n")
    assert sorted(label["name"] for label in world.pull["labels"]) == ["replanner", "theirs"]


def test_a_draft_becomes_ready_and_a_draft_again(world: World) -> None:
    forge, wanted = world.new_forge(), content(world, draft=True)
    shown = forge.open(wanted)
    assert shown.draft
    assert world.pull["draft"]
    ready = content_of(wanted, draft=False)
    forge.edit(shown, ready)
    assert not world.pull["draft"]
    other = world.new_forge()
    (seen,) = other.look(other.base(None), PREFIX).proposals
    assert not seen.draft
    GitHubForge(other.session).edit(seen, wanted)
    assert world.pull["draft"]


def content_of(before: Content, **changes: Any) -> Content:
    values = {name: getattr(before, name) for name in before.__slots__}
    return Content(**{**values, **changes})


def test_where_drafts_are_refused_it_is_opened_without(world: World) -> None:
    wanted = content(world, draft=True)
    told = "Draft pull requests are not supported in this repository."
    world.github.faults(fault("/pulls$", 422, told))
    assert not world.new_forge().open(wanted).draft


def test_only_what_differs_is_written(world: World) -> None:
    forge, wanted = world.new_forge(), content(world)
    shown = forge.open(wanted)
    world.wire.clear()
    forge.edit(shown, wanted)
    assert world.wire.sent == []
    forge.edit(shown, content_of(wanted, labels=("b c", "é?")))
    assert sorted(label["name"] for label in world.pull["labels"]) == ["b c", "é?"]
    assert world.pull["title"] == "A title"
    other = world.new_forge()
    (seen,) = other.look(other.base(None), PREFIX).proposals
    other.edit(seen, wanted)
    assert [label["name"] for label in world.pull["labels"]] == ["replanner"]


def test_a_workflow_that_may_open_none_is_told_both_settings_and_a_way_by_hand(
    world: World,
) -> None:
    told = "GitHub Actions is not permitted to create or approve pull requests."
    world.github.faults(fault("/pulls$", 403, told))
    (failure,) = world.run().failures
    error = failure.error
    assert isinstance(error, BlockedBySettings)
    assert error.code == "blocked_by_settings"
    assert f"{world.wire.url}/{REPOSITORY}/settings/actions" in error.hint
    assert f"{world.wire.url}/organizations/acme-bot/settings/actions" in error.hint
    assert f"/compare/main...{failure.branch}?expand=1" in error.hint
    assert "replanner%3Astate" in error.url
    assert "title=" in error.url
    assert len(error.url) <= 7000
    assert world.github.head(failure.branch)


def test_a_comment_is_made_once_though_its_answer_is_lost(world: World) -> None:
    forge = world.new_forge()
    shown = forge.open(content(world))
    world.wire.clear()
    world.wire.lose = frozenset([1])
    forge.comment(shown, "news")
    assert [one["body"] for one in world.github.comments(int(shown.id))] == ["news"]
    world.github.faults(fault("/comments$", 502, "Bad Gateway"))
    with pytest.raises(UpstreamError):
        forge.comment(shown, "more")


def test_auto_merge_is_armed_and_never_merges_by_itself(world: World) -> None:
    forge = world.new_forge()
    shown = forge.open(content(world))
    assert "switched off" in forge.merge_when_ready(shown, "squash")
    world.github.repo("PATCH", "", {"allow_auto_merge": True})
    assert "nothing is required" in forge.merge_when_ready(shown, "squash")
    world.github.repo(
        "PUT",
        "/branches/main/protection",
        {
            "required_status_checks": {"strict": True, "contexts": ["ci"]},
            "enforce_admins": False,
            "required_pull_request_reviews": None,
            "restrictions": None,
        },
    )
    assert forge.merge_when_ready(shown, "squash") == ""
    other = world.new_forge()
    seen = other.look(other.base(None), PREFIX)
    assert seen.proposals[0].merges_itself
    assert seen.guarded
    assert world.pull["state"] == "open"


def test_auto_merge_is_for_the_commit_that_was_seen(world: World) -> None:
    forge = world.new_forge()
    shown = forge.open(content(world))
    world.github.repo("PATCH", "", {"allow_auto_merge": True})
    world.github.push({"x": "1"}, branch=shown.branch)
    assert "modified" in forge.merge_when_ready(shown, "squash")


def test_an_unprotected_base_guards_nothing(world: World) -> None:
    forge = world.new_forge()
    seen = forge.look(forge.base(None), PREFIX)
    assert (seen.guarded, seen.strict, seen.checks_wait) == (False, False, False)


def test_subjects_are_the_newest_first(world: World) -> None:
    for number in range(25):
        world.github.push({"README.md": f"{number}\n"}, message=f"change {number}\n\nbecause")
    forge = world.new_forge()
    subjects = forge.subjects(forge.base(None))
    assert subjects[:2] == ("change 24", "change 23")
    assert len(subjects) == 20


def test_a_branch_can_be_named_and_one_that_is_not_there_is_told(world: World) -> None:
    world.github.push({"README.md": "x\n"}, branch="release/1", start="main")
    forge = world.new_forge()
    assert forge.base("release/1").commit == world.github.head("release/1")
    with pytest.raises(InputError, match="no branch 'nope'"):
        forge.base("nope")


def test_an_empty_repository_is_told(world: World) -> None:
    session = world.session(repository="acme-bot/empty")
    with pytest.raises(InputError, match="no commits yet"):
        GitHubForge(session).base(None)


def test_a_repository_out_of_sight_is_told_so(world: World) -> None:
    session = world.session(READER, "acme/infra")
    with pytest.raises(NotThere, match="as far as this token can see"):
        GitHubForge(session).base(None)


def test_a_token_that_is_unknown_is_refused(world: World) -> None:
    with pytest.raises(AccessDenied, match="refused the token"):
        GitHubForge(world.session("ghp_nobody")).base(None)


def test_branches_of_other_scopes_and_prefixes_are_not_ours_to_see(world: World) -> None:
    for name in ("replanner/main/scope/x", "replanner/mainx", "replanner/main/y"):
        world.github.push({"x": "1"}, branch=name, start="main")
    forge = world.new_forge()
    assert list(forge.look(forge.base(None), PREFIX).branches) == ["replanner/main/y"]


def test_three_hundred_files_come_in_a_few_calls(world: World) -> None:
    files = {f"data/{number:03}.txt": f"é {number}\n" for number in range(300)}
    head = world.github.push({"data/bin": b"\xff\0", "data/crlf": "a\r\nb\r\n", "a b": "x"})
    session = world.session()
    blobs = {path: Blob(text.encode()) for path, text in files.items()}
    listing = GitHubTree(session, head)
    made = write_commit(session, blobs, parent=head, tree=listing, message="300 files")
    world.wire.clear()
    tree = GitHubTree(session, made)
    tree.expect([*sorted(files)[:170], "data/bin", "data/crlf", "data/none"])
    assert len(world.wire.sent) == 4
    assert {path: tree.read(path).decode() for path in sorted(files)[:170]} == dict(
        sorted(files.items())[:170]
    )
    assert len(world.wire.sent) == 4
    assert tree.read("data/299.txt") == b"\xc3\xa9 299\n"
    assert tree.read("data/bin") == b"\xff\0"
    assert tree.read("data/crlf") == b"a\r\nb\r\n"
    assert tree.read("a b") == b"x"
    with pytest.raises(InputError, match="no such file"):
        tree.read("data")


def test_a_hundred_files_and_binaries_are_committed_as_they_are(world: World) -> None:
    files: dict[str, Blob | None] = {
        f"deploy/x/{number:03}.txt": Blob(f"{number} é\r\n".encode()) for number in range(120)
    }
    files |= {
        "deploy/x/bin": Blob(bytes(range(256))),
        "deploy/x/latin": Blob(b"caf\xe9"),
        "deploy/x/run.sh": Blob(b"#!/bin/sh\n", executable=True),
        "deploy/x/large": Blob(b"x" * 200_000),
        "README.md": None,
        "not/there": None,
    }
    forge = world.new_forge()
    base = forge.base(None)
    proposal = Proposal("g", f"{PREFIX}g", "main", base.commit, "d", "t", "x", "m", files)
    head = forge.push(proposal, expected=None)
    tree = GitHubTree(world.session(), head)
    assert {path: tree.read(path) for path in files if path in tree.entries} == {
        path: blob.data for path, blob in files.items() if blob
    }
    assert tree.entries["deploy/x/run.sh"].mode == "100755"
    assert "README.md" not in tree.entries


@pytest.mark.parametrize(
    "path", ["README.md/x", "profiles", ".git/config", "../x", "/etc/x", "C:/x", "a//b"]
)
def test_what_is_in_the_way_stays(world: World, path: str) -> None:
    forge = world.new_forge()
    base = forge.base(None)
    files = {path: Blob(b"x")}
    proposal = Proposal("g", f"{PREFIX}g", "main", base.commit, "d", "t", "x", "m", files)
    world.wire.clear()
    with pytest.raises(InputError):
        forge.push(proposal, expected=None)
    assert world.wire.writes == []


def test_a_proposal_of_nothing_is_refused(world: World) -> None:
    forge = world.new_forge()
    base = forge.base(None)
    files = {CHAT: Blob(profile().encode())}
    proposal = Proposal("g", f"{PREFIX}g", "main", base.commit, "d", "t", "x", "m", files)
    with pytest.raises(InputError, match="holds all that it proposes"):
        forge.push(proposal, expected=None)
    with pytest.raises(OSError, match="404"):
        world.github.head(f"{PREFIX}g")
