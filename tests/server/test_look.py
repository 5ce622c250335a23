from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from staged import BASE, CHAT, LARGE, REPO, SMALL, profile
from yard import OTHER, Yard

from replanner.errors import AccessDenied, ModelNotFound, RateLimited, UpstreamError
from replanner.run.world import World
from replanner.server.jobs import EVERYTHING
from replanner.server.work import RepositoryWork
from replanner.webhooks.events import ModelMoved, to_json

IMAGE = "engine:\n  image: reg.example/acme/vllm:v1\n  image_track: {}\n"


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


class Clock:
    """The index's: what it knows is no longer fresh in the next round."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def rounds(yard: Yard) -> "Rounds":
    return Rounds(yard, yard.work())


class Rounds:
    """One server that looks every quarter of an hour."""

    def __init__(self, yard: Yard, work: RepositoryWork) -> None:
        self.yard, self.work, self.clock = yard, work, Clock()
        work._index.clock = self.clock

    def look(self) -> list[str]:
        self.yard.now_s += 900
        self.clock.now_s += 900
        return [one.key for one in self.work.targets(EVERYTHING)]


MAIN = f"{REPO}|update|main"


def test_a_repository_that_stands_still_is_not_read_again(yard: Yard) -> None:
    server = rounds(yard)
    assert server.look() == [MAIN]
    yard.opened.clear()
    assert server.look() == []
    # The one world of the look itself, of which nothing but models and images is asked.
    assert (yard.asked, yard.opened) == ([REPO], [REPO])


def test_a_push_that_nobody_told_is_found(yard: Yard) -> None:
    server = rounds(yard)
    server.look()
    yard.forge.commits = {"c" * 40: {CHAT: profile(LARGE)}}
    yard.forge.tip = "c" * 40
    assert server.look() == [MAIN]
    known = server.work._index.known(REPO)
    assert known.bases[0].models == {(LARGE, "main")}


def test_what_commits_do_not_tell_is_read_once_an_hour(yard: Yard) -> None:
    server = rounds(yard)
    for _ in range(9):
        server.look()
    assert len(yard.asked) == 7  # the first and the sixth read everything


def test_a_branch_that_cannot_be_asked_about_is_read_in_full(yard: Yard) -> None:
    server = rounds(yard)
    server.look()
    yard.opened.clear()
    yard.still = lambda *_: (_ for _ in ()).throw(AccessDenied("gone."))  # type: ignore[method-assign]
    assert server.look() == []
    assert yard.opened == [REPO, REPO]


def test_a_github_that_is_away_is_not_taken_for_one_that_stands_still(yard: Yard) -> None:
    server = rounds(yard)
    server.look()
    yard.error = UpstreamError("away.")
    assert server.look() == []
    yard.error = None
    yard.move(SMALL, {"model_type": "llama", "architectures": ["LlamaForCausalLM"]})
    assert server.look() == [MAIN]


@pytest.mark.parametrize("error", [UpstreamError("away."), RateLimited("slow.", retry_after_s=9)])
def test_what_is_not_known_starts_nothing_and_is_found_afterwards(
    yard: Yard, error: UpstreamError
) -> None:
    yard.base[CHAT] = profile() + IMAGE.format("stable")
    yard.images.now = {"stable": "a"}
    server = rounds(yard)
    assert server.look() == [MAIN]
    yard.images.error, yard.images.now = error, {"stable": "b"}
    assert [server.look() for _ in range(3)] == [[], [], []]
    yard.images.error = None
    assert server.look() == [MAIN]
    assert server.look() == []


def test_an_outage_after_which_nothing_has_moved_starts_nothing(yard: Yard) -> None:
    yard.base[CHAT] = profile() + IMAGE.format("stable")
    yard.images.now = {"stable": "a"}
    server = rounds(yard)
    server.look()
    yard.images.error = UpstreamError("away.")
    server.look()
    yard.images.error = None
    assert server.look() == []


def test_what_is_known_is_acted_on_while_something_else_is_not(yard: Yard) -> None:
    yard.base[CHAT] = profile() + IMAGE.format("stable")
    server = rounds(yard)
    server.look()
    yard.images.error = UpstreamError("away.")
    yard.move(SMALL, {"model_type": "llama", "architectures": ["LlamaForCausalLM"]})
    assert server.look() == [MAIN]
    assert server.look() == []


@pytest.mark.parametrize("error", [AccessDenied("gated."), ModelNotFound("gone.")])
def test_a_refusal_is_looked_into_once(yard: Yard, error: AccessDenied | ModelNotFound) -> None:
    yard.base[CHAT] = profile() + IMAGE.format("stable")
    yard.images.now = {"stable": "a"}
    server = rounds(yard)
    server.look()
    yard.images.error = error
    assert [server.look() for _ in range(3)] == [[MAIN], [], []]


def test_a_model_that_many_repositories_follow_is_asked_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    opened = yard._models

    def models(*about: object) -> object:
        asked.append(about)
        return opened(*about)  # type: ignore[arg-type]

    monkeypatch.setattr(yard, "_models", models)
    yard.names = [REPO, OTHER]
    assert len(rounds(yard).look()) == 2
    assert len(asked) == 1


def test_repositories_that_are_gone_are_forgotten(yard: Yard) -> None:
    yard.names = [REPO, OTHER]
    server = rounds(yard)
    server.look()
    yard.names = [REPO]
    server.look()
    assert server.work._look._seen.keys() == {(REPO, "main")}
    assert server.work._index._known.keys() == {REPO}
    assert BASE in {one.commit for one in server.work._index.known(REPO).bases}


def test_what_a_job_could_not_know_is_planned_again_once_it_can_be(yard: Yard) -> None:
    yard.base[CHAT] = profile() + IMAGE.format("stable")
    yard.images.now = {"stable": "a"}
    server = rounds(yard)
    (target,) = server.work.targets(EVERYTHING)
    yard.images.error = UpstreamError("away.")
    assert server.work.run(target.to_json())["unknown"] == 1
    assert server.look() == []  # still away
    yard.images.error = None
    assert server.look() == [MAIN]
    assert server.look() == []


def test_a_github_that_is_away_is_not_asked_for_everything_instead(yard: Yard) -> None:
    server = rounds(yard)
    server.look()
    yard.opened.clear()
    yard.error = UpstreamError("away.")
    assert server.look() == []
    assert yard.opened == []


def test_a_bug_that_one_repository_meets_hides_what_moved_in_no_other(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.names = [REPO, OTHER]
    server, world = rounds(yard), yard.world

    def broken(repository: str) -> AbstractContextManager[World]:
        if repository == OTHER:
            raise ZeroDivisionError
        return world(repository)

    monkeypatch.setattr(yard, "world", broken)
    assert server.look() == [MAIN]
    yard.move(SMALL, {"model_type": "llama", "architectures": ["LlamaForCausalLM"]})
    assert server.look() == [MAIN]
    moved = ModelMoved(SMALL, "main")
    assert [one.key for one in server.work.targets(to_json(moved))] == [MAIN]
