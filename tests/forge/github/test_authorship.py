"""Whose a commit is: ours only where nobody can have touched it since."""

from typing import Any

import pytest

from replanner.forge.github.authorship import Commit, plan_of
from replanner.forge.github.session import About, Connection, Session

BOT, APP, ADA = "github-actions[bot]", "planner[bot]", "ada"
PLAN = "Re-plan\n\nWhy.\n\nReplanner-Group: g\nReplanner-Plan: abc123\nReplanner-Version: 1\n"


def session(login: str, api_url: str = "https://api.github.com") -> Session:
    where = Connection(repository="acme/infra", token="ghp_x", api_url=api_url)  # noqa: S106 - none
    made = Session(where)
    about = {
        "viewer": {"login": login, "databaseId": 1},
        "repository": {"id": "R", "nameWithOwner": "acme/infra"},
    }
    made.remember(About.model_validate(about))
    return made


def commit(author: str | None, committer: str | None, **more: Any) -> Commit:
    values = {"message": PLAN, "verified": False, "amended": False, "parents": 1, **more}
    made = {
        "sha": "c" * 40,
        "author": {"login": author} if author else None,
        "committer": {"login": committer} if committer else {},
        "parents": [{"sha": "p" * 40}] * values["parents"],
        "commit": {
            "message": values["message"],
            "author": {"name": "n", "email": "e", "date": "2026-01-01T00:00:00Z"},
            "committer": {
                "date": "2026-01-02T00:00:00Z" if values["amended"] else "2026-01-01T00:00:00Z"
            },
            "verification": {"verified": values["verified"]},
        },
    }
    return Commit.model_validate(made)


SIGNED = {"verified": True}
OURS = [
    (BOT, commit(BOT, "web-flow", **SIGNED)),
    (APP, commit(APP, APP, **SIGNED)),
    (ADA, commit(ADA, ADA)),
]
NOT_OURS = {
    "a bot's commit that GitHub did not sign": (BOT, commit(BOT, BOT)),
    "amended by a person who signs": (BOT, commit(BOT, ADA, **SIGNED)),
    "amended by a person who does not": (BOT, commit(BOT, ADA)),
    "somebody else's, signed by GitHub": (BOT, commit(ADA, "web-flow", **SIGNED)),
    "another bot's": (BOT, commit(APP, "web-flow", **SIGNED)),
    "of nobody that GitHub knows": (BOT, commit(None, None, **SIGNED)),
    "amended by the token's own person": (ADA, commit(ADA, ADA, amended=True)),
    "without a trailer": (BOT, commit(BOT, "web-flow", message="Re-plan\n", **SIGNED)),
    "a trailer in its text": (
        BOT,
        commit(BOT, "web-flow", message=PLAN + "\nReverts that.\n", **SIGNED),
    ),
    "a merge": (BOT, commit(BOT, "web-flow", parents=2, **SIGNED)),
    "without a parent": (BOT, commit(BOT, "web-flow", parents=0, **SIGNED)),
}


@pytest.mark.parametrize(("me", "made"), OURS)
def test_a_commit_as_we_make_it_is_ours(me: str, made: Commit) -> None:
    assert plan_of(made, session(me)) == "abc123"


@pytest.mark.parametrize("case", NOT_OURS)
def test_any_other_is_not(case: str) -> None:
    me, made = NOT_OURS[case]
    assert plan_of(made, session(me)) is None


def test_what_says_nothing_of_a_signature_has_none() -> None:
    made = commit(BOT, "web-flow").model_dump()
    del made["commit"]["verification"]
    assert plan_of(Commit.model_validate(made), session(BOT)) is None


def test_where_a_server_signs_nothing_an_untouched_commit_of_a_bot_is_ours() -> None:
    server = "https://ghe.acme.com"
    assert plan_of(commit(BOT, BOT), session(BOT, server)) == "abc123"
    assert plan_of(commit(BOT, BOT, amended=True), session(BOT, server)) is None
    assert plan_of(commit(BOT, "web-flow", **SIGNED), session(BOT, server)) == "abc123"
