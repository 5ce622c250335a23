"""What is seen of branches and pull requests where an emulator shows too little: forks, pages,
histories that do not meet."""

from collections.abc import Iterator
from typing import Any

import pytest
from fake_github import ABOUT, FakeGitHub, Reply, Request, fake_github

from replanner.errors import UpstreamError
from replanner.forge.github import branches
from replanner.forge.github.listing import pulls_from
from replanner.forge.github.session import Connection, Pace, Session
from replanner.forge.github.trees import GitHubTree
from replanner.propose import Branch
from replanner.replan.ports import Base

TOKEN = "ghp_" + "s" * 36
BASE, FORK, HEAD = "b" * 40, "f" * 40, "c" * 40
PREFIX = "replanner/main/"
LINK = '<https://x.example/?page=2>; rel="next"'
PLAN = "Re-plan\n\nReplanner-Plan: abc\n"


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        server.on("POST", "^/graphql$", Reply(body=ABOUT))
        yield server


@pytest.fixture
def session(fake: FakeGitHub) -> Iterator[Session]:
    pace = Pace(0, 0, 1, 0)
    where = Connection(repository="acme/infra", token=TOKEN, api_url=fake.url, pace=pace)
    with Session(where) as opened:
        yield opened


def commit(message: str = PLAN, login: str = "bot") -> dict[str, object]:
    person = {"name": "Bot", "email": "bot@x", "date": "2026-01-01T00:00:00Z"}
    return {
        "sha": HEAD,
        "author": {"login": login},
        "committer": {"login": login},
        "parents": [{"sha": FORK}],
        "commit": {"message": message, "author": person, "committer": person},
    }


def comparison(*commits: dict[str, object], **more: Any) -> Reply:
    body = {
        "ahead_by": len(commits),
        "behind_by": 0,
        "total_commits": len(commits),
        "merge_base_commit": {"sha": FORK},
        "commits": list(commits),
        "files": [{"filename": "deploy/plan.json"}],
    }
    return Reply(body={**body, **more})


def listing(**ids: str) -> Reply:
    entries = [
        {"path": path, "mode": "100644", "type": "blob", "sha": id_} for path, id_ in ids.items()
    ]
    return Reply(body={"tree": entries, "truncated": False})


def ref(branch: str) -> dict[str, object]:
    return {"ref": f"refs/heads/{branch}", "object": {"sha": HEAD, "type": "commit"}}


def look(session: Session, fake: FakeGitHub, compared: Reply) -> Branch:
    fake.on("GET", "/git/matching-refs/", Reply(body=[ref(f"{PREFIX}x")]))
    fake.on("GET", f"/compare/{BASE}...{HEAD}$", compared)
    base = Base("main", BASE, GitHubTreeless())
    looked = branches.look(session, base, PREFIX, tree=lambda at: GitHubTree(session, at))
    return looked.branches[f"{PREFIX}x"]


class GitHubTreeless:
    """The base's own tree is read by its commit."""

    def paths(self) -> list[str]:
        return []

    def read(self, path: str) -> bytes:
        raise NotImplementedError(path)

    def expect(self, paths: object) -> None:
        """Nothing is."""


def test_a_branch_of_ours_is_seen_with_what_it_proposes(fake: FakeGitHub, session: Session) -> None:
    assert look(session, fake, comparison(commit())) == Branch(HEAD, ours=True, digest="abc")


def test_one_commit_of_another_among_ours_is_enough(fake: FakeGitHub, session: Session) -> None:
    found = look(session, fake, comparison(commit(login="ada"), commit()))
    assert (found.ours, found.digest) == (False, "abc")


def test_a_commit_below_ours_that_the_base_lost_must_not_come_back(
    fake: FakeGitHub, session: Session
) -> None:
    found = look(session, fake, comparison(commit(login="ada"), commit()))
    assert found.conflicted


def test_commits_that_are_not_all_shown_are_not_ours(fake: FakeGitHub, session: Session) -> None:
    assert not look(session, fake, comparison(commit(), ahead_by=251, total_commits=251)).ours


def test_a_history_that_does_not_meet_the_bases_is_not_ours(
    fake: FakeGitHub, session: Session
) -> None:
    found = look(session, fake, Reply(404, {"message": "No common ancestor between main and x."}))
    assert (found.ours, found.conflicted) == (False, True)


def test_an_outage_is_no_sign_of_anything(fake: FakeGitHub, session: Session) -> None:
    with pytest.raises(UpstreamError):
        look(session, fake, Reply(502))


def test_a_merged_branch_is_judged_by_its_own_commit(fake: FakeGitHub, session: Session) -> None:
    fake.on("GET", f"/commits/{HEAD}$", Reply(body=commit()))
    found = look(session, fake, comparison(behind_by=3))
    assert found == Branch(HEAD, ours=True, digest="abc", merged=True)


@pytest.mark.parametrize(
    ("at_base", "conflicted"),
    [
        ({"deploy/plan.json": "1", "other": "1"}, False),
        ({"deploy/plan.json": "1", "other": "2"}, False),
        ({"deploy/plan.json": "2", "other": "1"}, True),
        ({"other": "1"}, True),
    ],
)
@pytest.mark.parametrize("many", [False, True])
def test_a_conflict_is_a_file_that_both_changed(
    fake: FakeGitHub,
    session: Session,
    at_base: dict[str, str],
    *,
    conflicted: bool,
    many: bool,
) -> None:
    fork = {"deploy/plan.json": "1", "other": "1"}
    fake.on("GET", f"/git/trees/{FORK}$", listing(**fork))
    fake.on("GET", f"/git/trees/{BASE}$", listing(**at_base))
    fake.on("GET", f"/git/trees/{HEAD}$", listing(**{**fork, "deploy/plan.json": "3"}))
    # A comparison that shows as many files as it can may hide more.
    files = [{"filename": f"{number}"} for number in range(300)] if many else None
    more = {"files": files} if files else {}
    found = look(session, fake, comparison(commit(), behind_by=1, **more))
    assert (found.behind, found.conflicted) == (True, conflicted)


def test_branches_are_read_over_pages(fake: FakeGitHub, session: Session) -> None:
    fake.on(
        "GET",
        "/git/matching-refs/",
        Reply(200, [ref(f"{PREFIX}a"), ref(f"{PREFIX}deeper/b")], {"Link": LINK}),
        Reply(200, [ref(f"{PREFIX}c"), ref("replanner/mainly/d")]),
    )
    fake.on("GET", "/compare/", comparison(commit()))
    base = Base("main", BASE, GitHubTreeless())
    looked = branches.look(session, base, PREFIX, tree=lambda at: GitHubTree(session, at))
    assert sorted(looked.branches) == [f"{PREFIX}a", f"{PREFIX}c"]
    assert looked.signer == "Bot <bot@x>"


# --- pull requests


def pull(number: int, **more: Any) -> dict[str, object]:
    return {
        "id": f"PR_{number}",
        "number": number,
        "title": "t",
        "body": "a\r\nb",
        "url": f"https://x.example/{number}",
        "isDraft": False,
        "state": "CLOSED",
        "baseRefName": "main",
        "headRefName": "x",
        "headRefOid": HEAD,
        "isCrossRepository": False,
        "autoMergeRequest": None,
        "labels": {"nodes": [{"name": "replanner"}]},
        **more,
    }


def shown(fake: FakeGitHub, pulls: list[dict[str, object]]) -> None:
    """Ten a page, whatever branch is asked for."""

    def page(after: str | None) -> object:
        start = int(after or 0)
        more = {"hasNextPage": start + 10 < len(pulls), "endCursor": str(start + 10)}
        return {"nodes": pulls[start : start + 10], "pageInfo": more}

    def answer(request: Request) -> Reply:
        variables = request.body["variables"]
        asked = [key[1:] for key in variables if key[0] == "b"]
        found = {f"p{number}": page(variables[f"a{number}"]) for number in asked}
        return Reply(body={"data": {"repository": found}})

    fake.on("POST", "^/graphql$", answer)


def test_pull_requests_of_forks_are_not_ours_however_many(
    fake: FakeGitHub, session: Session
) -> None:
    forks = [pull(number, isCrossRepository=True) for number in range(60, 20, -1)]
    shown(fake, [*forks, pull(7, state="OPEN")])
    (found,) = pulls_from(session, ["x"])
    assert (found.number, found.shown("main").state, found.shown("main").body) == (
        7,
        "open",
        "a\nb",
    )
    assert len(fake.asked) == 5


def test_a_pull_request_that_points_at_another_base_is_seen(
    fake: FakeGitHub, session: Session
) -> None:
    shown(fake, [pull(8, baseRefName="next"), pull(7)])
    found = pulls_from(session, ["x"])
    assert [one.shown("main").retargeted for one in found] == [True, False]


def test_the_newest_twenty_of_a_branch_are_enough(fake: FakeGitHub, session: Session) -> None:
    shown(fake, [pull(number) for number in range(90, 0, -1)])
    found = pulls_from(session, ["x"])
    assert [one.number for one in found] == list(range(90, 70, -1))
    assert len(fake.asked) == 2


def test_many_branches_are_asked_about_together(fake: FakeGitHub, session: Session) -> None:
    shown(fake, [pull(1)])
    names = [f"b{number}" for number in range(25)]
    assert len(pulls_from(session, names)) == 25
    assert len(fake.asked) == 3
    assert pulls_from(session, []) == []
    assert len(fake.asked) == 3


def test_what_was_deleted_with_its_repository_has_no_labels(
    fake: FakeGitHub, session: Session
) -> None:
    shown(fake, [pull(1, labels=None, autoMergeRequest={"enabledAt": "x"}, state="MERGED")])
    (found,) = pulls_from(session, ["x"])
    assert found.shown("main").labels == ()
    assert found.shown("main").merges_itself
    assert found.shown("main").state == "merged"
