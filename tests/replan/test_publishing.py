"""Proposals on a forge that guards its base: what merges by itself, what it says, what fails."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest
from worlds import CHAT, LARGE, LLAMA, OTHER, SMALL, World, kinds, profile

from replanner.errors import AccessDenied
from replanner.forge.local import LocalForge
from replanner.hub.folder import LocalHub
from replanner.propose import Content, Proposal, Seen, Shown
from replanner.replan import Base, Options, Replanned, replan

MOVED = {**SMALL, "max_position_embeddings": 65536}


class NotPermitted(AccessDenied):
    code: ClassVar[str] = "blocked_by_settings"


@dataclass
class Guarded:
    """A repository on disk that behaves like one with required checks."""

    local: LocalForge
    guarded: bool | None = True
    refusal: str = ""
    checks_wait: bool = False
    signer: str = ""
    blocked: bool = False
    armed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def base(self, name: str | None) -> Base:
        return self.local.base(name)

    def look(self, base: Base, prefix: str, *, wanted: Collection[str] = ()) -> Seen:
        seen = self.local.look(base, prefix, wanted=wanted)
        return replace(seen, guarded=self.guarded, checks_wait=self.checks_wait, signer=self.signer)

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        return self.local.push(proposal, expected=expected)

    def open(self, content: Content) -> Shown:
        if self.blocked:
            raise NotPermitted("workflows may not open pull requests here.", hint="Tick it.")
        return replace(self.local.open(content), id="12", url="https://x.example/pull/12")

    def edit(self, shown: Shown, content: Content) -> None:
        self.local.edit(shown, content)

    def close(self, shown: Shown, body: str) -> None:
        self.local.close(shown, body)

    def comment(self, shown: Shown, text: str) -> None:
        self.said.append(f"{shown.branch}: {text}")

    def delete_branch(self, branch: str, *, expected: str) -> None:
        self.local.delete_branch(branch, expected=expected)

    def merge_when_ready(self, shown: Shown, method: str) -> str:
        self.armed.append(f"{shown.branch} {method}")
        return self.refusal

    def subjects(self, base: Base) -> tuple[str, ...]:
        return self.local.subjects(base)


@pytest.fixture
def forge(accepted: World) -> Guarded:
    return Guarded(LocalForge.at(accepted.repo.root))


def run(world: World, forge: Guarded, **options: object) -> Replanned:
    return replan(forge, world.hub, Options(**options))  # type: ignore[arg-type]


def body(world: World) -> str:
    return world.proposals()[0].body


def test_what_is_safe_merges_by_itself(accepted: World, forge: Guarded) -> None:
    accepted.model(MOVED)
    result = run(accepted, forge, auto_merge="safe", merge_method="rebase")
    assert kinds(result) == ["Push", "Open", "Merge"]
    assert forge.armed == [f"{result.proposals[0].branch} rebase"]
    assert "**Merging:** by itself, once the required checks pass." in body(accepted)
    assert run(accepted, forge, auto_merge="safe", merge_method="rebase").steps == ()
    assert len(forge.armed) == 1


def test_nothing_merges_by_itself_unless_asked(accepted: World, forge: Guarded) -> None:
    accepted.model(MOVED)
    assert kinds(run(accepted, forge)) == ["Push", "Open"]


def test_a_refusal_of_the_forge_is_told_everywhere_once(accepted: World, forge: Guarded) -> None:
    forge.refusal = "its checks have passed <already>"
    accepted.model(MOVED)
    result = run(accepted, forge, auto_merge="safe")
    assert "not merged by itself: its checks have passed" in result.published[0].reasons[0]
    assert "**Not merged by itself:** its checks have passed &#60;already&#62;" in body(accepted)
    assert run(accepted, forge, auto_merge="safe").steps == ()
    accepted.model({**SMALL, "max_position_embeddings": 32768})
    assert kinds(run(accepted, forge, auto_merge="safe")) == ["Push", "Edit", "Merge"]


@pytest.mark.parametrize(
    ("guarded", "reason"),
    [(False, "takes it without any required check"), (None, "cannot be seen with this token")],
)
def test_a_base_without_checks_takes_nothing_by_itself(
    accepted: World, forge: Guarded, *, guarded: bool | None, reason: str
) -> None:
    forge.guarded = guarded
    accepted.model(MOVED)
    assert kinds(run(accepted, forge, auto_merge="safe")) == ["Push", "Open"]
    assert reason in body(accepted)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({CHAT: profile(gpus=2)}, "by somebody"),
        ({"deploy/chat/serve_command.sh": "mine\n"}, "edited by hand"),
        ({"profiles/bad.yaml": f"profile_version: 1\nmodel: {{id: {LLAMA}}}\n"}, "not be planned"),
        (
            {".github/replanner.yaml": "policy: {min_concurrency: 100000}\n"},
            "does not keep min&#95;concurrency",
        ),
    ],
)
def test_what_people_should_see_they_merge(
    accepted: World, forge: Guarded, files: dict[str, str], reason: str
) -> None:
    accepted.repo.commit(files)
    accepted.model(MOVED)
    result = run(accepted, forge, auto_merge="safe")
    assert kinds(result) == ["Push", "Open"]
    assert "**Merging:** by hand, because " in body(accepted)
    assert reason in body(accepted)


def test_another_verdict_is_said(accepted: World, forge: Guarded) -> None:
    accepted.model(MOVED)
    run(accepted, forge)
    accepted.model(LARGE)
    result = run(accepted, forge)
    assert kinds(result) == ["Push", "Edit", "Say"]
    assert "**does not fit** any more" in forge.said[0]
    accepted.model({**LARGE, "num_hidden_layers": 90})
    run(accepted, forge)
    assert len(forge.said) == 1


def test_checks_that_wait_are_told(accepted: World, forge: Guarded) -> None:
    forge.checks_wait = True
    accepted.model(MOVED)
    result = run(accepted, forge)
    assert result.checks_wait
    assert "Approve workflows to run" in body(accepted)


def test_who_cannot_be_seen_cannot_sign(accepted: World, forge: Guarded) -> None:
    accepted.model(MOVED)
    result = run(accepted, forge, signoff=True)
    assert "no Signed-off-by line" in result.warnings[0]
    assert run(accepted, forge).warnings == ()
    forge.signer = "Ada <ada@example.org>"
    accepted.model(LARGE)
    (one,) = run(accepted, forge, signoff=True).proposals
    assert one.message.endswith("\nSigned-off-by: Ada <ada@example.org>\n")


def test_a_repository_that_forbids_proposals_keeps_the_branch(world: World) -> None:
    forge = Guarded(LocalForge.at(world.repo.root), blocked=True)
    result = run(world, forge)
    (one,) = result.published
    assert (one.operation, one.number, one.reasons) == (
        "blocked-by-settings",
        None,
        ("workflows may not open pull requests here.",),
    )
    assert world.repo.git("rev-parse", one.branch) == one.head
    assert result.exit_code == 2
    forge.blocked = False
    assert kinds(run(world, forge)) == ["Open"]


def test_front_doors_get_what_they_show(accepted: World, forge: Guarded) -> None:
    accepted.model(LARGE)
    dry = run(accepted, forge, dry_run=True)
    branch = dry.proposals[0].branch
    assert dry.writes_in_words == (
        f"would push {branch}",
        f"would open {branch}: {dry.proposals[0].title}",
    )
    assert dry.published[0].operation == "created"
    result = run(accepted, forge)
    assert result.writes_in_words[0] == f"pushed {branch}"
    (one,) = result.published
    assert (one.group, one.branch, one.operation) == (dry.proposals[0].group, branch, "created")
    assert (one.number, one.url, one.infeasible) == (12, "https://x.example/pull/12", True)
    assert one.title == dry.proposals[0].title
    assert accepted.repo.git("rev-parse", branch) == one.head
    assert [one.operation for one in run(accepted, forge).published] == ["unchanged"]


def test_what_is_closed_says_why(accepted: World, forge: Guarded) -> None:
    pinned = str(accepted.hub.resolve(LLAMA, "main"))
    accepted.model(MOVED)
    run(accepted, forge)
    LocalHub(accepted.hub_dir).point(LLAMA, "main", commit=pinned)
    result = run(accepted, forge)
    assert kinds(result) == ["Close", "DeleteBranch"]
    (one,) = result.published
    assert one.operation == "closed"
    assert one.reasons[0].endswith("is closed: its plans are up to date on main without it.")
    assert "**Closed:** its plans are up to date on main without it." in body(accepted)
    accepted.model(MOVED)
    run(accepted, forge)
    accepted.repo.commit({CHAT: None, "deploy/chat/plan.json": None})
    run(accepted, forge)
    assert "**Closed:** its profiles are gone" in body(accepted)


def test_a_model_that_moved_back_leaves_others_commits_open(
    accepted: World, forge: Guarded
) -> None:
    pinned = str(accepted.hub.resolve(LLAMA, "main"))
    accepted.model(MOVED)
    (one,) = run(accepted, forge).proposals
    accepted.repo.git("checkout", "-q", one.branch)
    theirs = accepted.repo.commit({"note.txt": "mine"})
    accepted.repo.git("checkout", "-q", "main")
    LocalHub(accepted.hub_dir).point(LLAMA, "main", commit=pinned)
    result = run(accepted, forge)
    assert kinds(result) == ["Leave", "Remark", "Say"]
    assert "**Nothing is left to propose here**" in body(accepted)
    assert accepted.repo.git("rev-parse", one.branch) == theirs
    assert kinds(run(accepted, forge)) == ["Leave"]


def test_profiles_of_two_models_are_two_outcomes(accepted: World, forge: Guarded) -> None:
    accepted.repo.commit({"profiles/other.yaml": profile(OTHER)})
    accepted.model(MOVED)
    result = run(accepted, forge)
    assert [one.operation for one in result.published] == ["created", "created"]
    assert len({one.branch for one in result.published}) == 2
