"""Regenerated files on a pull request's own branch, whoever asked for them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

import pytest
from pulling import CHAT, LARGE, World, profile

from replanner.errors import InputError, UpstreamError
from replanner.propose import Files
from replanner.replan.check import check
from replanner.replan.ports import Pull, Pulls, Tree
from replanner.replan.write_back import WriteBackOptions, WrittenBack, write_back

REPOSITORY = "acme/infra"
SCRIPT = "deploy/chat/serve_command.sh"
WANTED = WriteBackOptions(REPOSITORY, "in a test")


@dataclass
class Branches:
    """The part of a forge that is used here, on real git."""

    world: World
    messages: list[str] = field(default_factory=list)

    def tree(self, commit: str) -> Tree:
        return self.world.tree(commit)

    def commit(self, pull: Pull, files: Files, *, message: str) -> str:
        git = self.world.repo.git
        if git("rev-parse", pull.head) != pull.head_commit:
            raise UpstreamError(f"{pull.head} has moved.")
        self.messages.append(message)
        git("checkout", "-q", pull.head)
        return self.world.repo.commit({path: blob and blob.data for path, blob in files.items()})


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.new(tmp_path)
    made.base({CHAT: profile()})
    made.pull({CHAT: profile(gpus=2)})
    return made


def pull_of(world: World) -> Pull:
    base, head = (world.repo.git("rev-parse", name) for name in ("main", "topic"))
    return Pull(7, "open", "main", base, "topic", head, REPOSITORY, "ada")


def written(
    world: World, pull: Pull, wanted: WriteBackOptions = WANTED
) -> tuple[WrittenBack, list[str]]:
    branches = Branches(world)
    hub = world.hub(pull.head_commit)
    done = write_back(cast("Pulls", branches), pull, lambda _tree: hub, wanted)
    return done, branches.messages


def test_the_branch_is_in_line_afterwards_at_the_commits_that_were_pinned(world: World) -> None:
    world.model(LARGE)  # what moved upstream meanwhile is no affair of this pull request
    pull = pull_of(world)
    done, messages = written(world, pull)
    assert world.repo.git("rev-parse", "topic") == done.commit
    assert world.repo.git("rev-parse", "topic~1") == pull.head_commit
    assert check(world.tree("topic"), world.hub("topic")).exit_code == 0
    assert messages == ["Regenerate files\n\nAsked for in a test.\n"]
    assert done.sentence.startswith("Committed ")
    again, messages = written(world, pull_of(world))
    assert (again.sentence, messages) == ("All files are what the profiles say.", [])


def test_a_dry_run_commits_nothing(world: World) -> None:
    done, messages = written(world, pull_of(world), replace(WANTED, dry_run=True))
    assert (done.commit, messages) == ("", [])
    assert done.sentence.startswith("Would commit ")


def test_hand_edits_stay_unless_they_are_to_be_overwritten(world: World) -> None:
    world.pull({CHAT: profile(gpus=2), SCRIPT: "mine\n"})
    done, _ = written(world, pull_of(world))
    assert SCRIPT not in done.applied.files
    done, _ = written(world, pull_of(world), replace(WANTED, overwrite=True))
    assert list(done.applied.files) == [SCRIPT]


@pytest.mark.parametrize("home", ["stranger/infra", ""])
def test_a_forks_branch_is_refused_before_anything_is_read(world: World, home: str) -> None:
    pull = replace(pull_of(world), head_repository=home, head_commit="f" * 40)
    with pytest.raises(InputError, match="pull request 7 comes from a fork"):
        write_back(cast("Pulls", Branches(world)), pull, lambda _: world.hub("main"), WANTED)


def test_the_repositorys_name_is_compared_as_the_forge_does(world: World) -> None:
    done, _ = written(world, replace(pull_of(world), head_repository="Acme/Infra"))
    assert done.commit


@pytest.mark.parametrize("state", ["closed", "merged"])
def test_a_pull_request_that_is_over_is_refused(
    world: World, state: Literal["closed", "merged"]
) -> None:
    pull = replace(pull_of(world), state=state)
    with pytest.raises(InputError, match=f"pull request 7 is {state}"):
        written(world, pull)


def test_a_branch_that_moved_meanwhile_is_left_alone(world: World) -> None:
    pull = pull_of(world)
    world.repo.git("checkout", "-q", "topic")
    theirs = world.repo.commit({"notes.md": "mine\n"})
    with pytest.raises(UpstreamError):
        written(world, pull)
    assert world.repo.git("rev-parse", "topic") == theirs
