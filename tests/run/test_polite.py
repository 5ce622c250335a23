from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from replanner.errors import RateLimited, ReplannerError, UpstreamError
from replanner.hub.folder import LocalHub, commit_model
from replanner.hub.look import OneLook
from replanner.planning.model_files import ModelFiles
from replanner.profile.settings import merged
from replanner.resolve import Registry
from replanner.run.polite import MOST_OF_A_STRANGER, politely, politely_pinned
from replanner.upstream.manners import TOLERATED, Manners

MODEL = "acme/small"
SETTINGS = merged({"hf-endpoint": "https://hub.example:8443/x"})


class Failing(OneLook):
    """A Hub that counts what it is asked, and is away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.error: ReplannerError | None = None

    def _resolve(self, model_id: str, revision: str) -> str | None:
        return self._fail(f"{model_id}@{revision}")

    def _committed_at(self, model_id: str, commit: str) -> int | None:
        return self._fail(f"{model_id} date {commit}")

    def _read(self, model_id: str, commit: str | None) -> ModelFiles:
        return self._fail(f"{model_id} files {commit}")

    def _fail(self, what: str) -> NoReturn:
        self.asked.append(what)
        raise self.error or UpstreamError("away.")


class Pinning:
    """A registry that counts what it is asked, and is away."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pin(self, repository: str, track: str) -> str:
        self.asked.append(f"{repository}:{track}")
        raise UpstreamError("away.")


class Found:
    """A registry that knows everything."""

    def pin(self, repository: str, track: str) -> str:
        return f"{repository}:{track}@sha256:{'a' * 64}"


def said(ask: Callable[[], object]) -> str:
    with pytest.raises(ReplannerError) as raised:
        ask()
    return raised.value.message


def code(ask: Callable[[], object]) -> str:
    try:
        ask()
    except ReplannerError as error:
        return error.code
    return ""


def opened(hub: OneLook, manners: Manners) -> OneLook:
    return politely(lambda *_: hub, manners)(SETTINGS, True)  # noqa: FBT003 - see Models


def test_a_hub_that_is_away_is_left_alone_by_every_run() -> None:
    manners, hub = Manners(clock=lambda: 0.0), Failing()
    for number in range(10):
        run = opened(hub, manners)
        for _ in range(3):
            assert code(lambda run=run, number=number: run.resolve(f"acme/m{number}", "main"))  # type: ignore[misc]
    assert len(hub.asked) == TOLERATED
    assert list(manners._hosts) == ["hub.example:8443"]


@pytest.mark.parametrize("what", ["fetch", "committed_at"])
def test_so_it_is_whatever_is_asked(what: str) -> None:
    manners, hub = Manners(clock=lambda: 0.0), Failing()
    for number in range(10):
        run, commit = opened(hub, manners), f"{number:040x}"
        ask = {
            "fetch": lambda run=run, commit=commit: run.fetch(MODEL, "main", commit=commit),
            "committed_at": lambda run=run, commit=commit: run.committed_at(MODEL, commit),
        }[what]
        assert code(ask) == "upstream_unreachable"
    assert len(hub.asked) == TOLERATED


def test_a_question_that_failed_counts_once_however_many_profiles_ask_it() -> None:
    manners, hub = Manners(clock=lambda: 0.0), Failing()
    run = opened(hub, manners)
    for _ in range(100):
        assert code(lambda: run.resolve(MODEL, "main"))
    assert len(hub.asked) == 1
    assert code(lambda: run.resolve(MODEL, "dev"))
    assert len(hub.asked) == 2


def test_what_is_read_is_what_the_hub_has(tmp_path: Path) -> None:
    commit = commit_model(tmp_path, MODEL, {"config.json": b'{"model_type": "llama"}'})
    run = opened(LocalHub(tmp_path), Manners())
    assert run.resolve(MODEL, "main") == commit
    found = run.fetch(MODEL, "main")
    assert (found.commit, found.revision) == (commit, "main")
    assert found == LocalHub(tmp_path).fetch(MODEL, "main")


def test_registries_are_left_alone_one_by_one() -> None:
    manners, registry = Manners(clock=lambda: 0.0), Pinning()

    def run() -> Registry:
        return politely_pinned(lambda _: registry, manners)(True)  # noqa: FBT003 - see Images

    for number in range(10):
        here = run()
        for _ in range(2):
            assert code(lambda here=here, number=number: here.pin(f"a.example/x{number}", "v1"))  # type: ignore[misc]
    assert len(registry.asked) == TOLERATED
    assert code(lambda: run().pin("b.example/x", "v1"))
    assert registry.asked[-1] == "b.example/x:v1"


def test_an_image_that_failed_counts_once_however_many_profiles_follow_it() -> None:
    manners, registry = Manners(clock=lambda: 0.0), Pinning()
    here = politely_pinned(lambda _: registry, manners)(True)  # noqa: FBT003 - see Images
    for _ in range(100):
        assert code(lambda: here.pin("a.example/x", "v1"))
    assert len(registry.asked) == 1
    assert code(lambda: here.pin("a.example/x", "v2"))
    assert registry.asked[-1] == "a.example/x:v2"


# --- what strangers' profiles name


@pytest.mark.parametrize("error", [RateLimited("slow down.", retry_after_s=600), None])
def test_what_strangers_meet_keeps_nobody_else_waiting(
    tmp_path: Path, error: ReplannerError | None
) -> None:
    commit = commit_model(tmp_path, MODEL, {"config.json": b"{}"})
    manners, away = Manners(clock=lambda: 0.0), Failing()
    away.error = error
    models = politely(lambda _, known: LocalHub(tmp_path) if known else away, manners)
    stranger = models(SETTINGS, False)  # noqa: FBT003 - see Models
    for number in range(10):
        assert code(lambda number=number: stranger.resolve(f"evil/m{number}", "main"))  # type: ignore[misc]
    assert len(away.asked) == (1 if error else TOLERATED)
    assert models(SETTINGS, True).resolve(MODEL, "main") == commit  # noqa: FBT003 - see Models
    again = models(SETTINGS, False)  # noqa: FBT003 - see Models
    assert "hub.example:8443 " in said(lambda: again.resolve("evil/other", "main"))


def test_so_it_is_with_registries() -> None:
    manners, registry = Manners(clock=lambda: 0.0), Pinning()
    images = politely_pinned(lambda _: registry, manners)
    stranger = images(False)  # noqa: FBT003 - see Images
    for number in range(10):
        assert code(lambda number=number: stranger.pin(f"a.example/x{number}", "v1"))  # type: ignore[misc]
    assert len(registry.asked) == TOLERATED
    assert code(lambda: images(True).pin("a.example/ours", "v1"))  # noqa: FBT003 - see Images
    assert registry.asked[-1] == "a.example/ours:v1"


def test_a_stranger_has_so_many_looked_up_and_no_more(tmp_path: Path) -> None:
    models = politely(lambda *_: LocalHub(tmp_path), Manners())
    for trusted in (True, False):
        run = models(SETTINGS, trusted)
        codes = [
            code(lambda run=run, number=number: run.resolve(f"evil/m{number}", "main"))  # type: ignore[misc]
            for number in range(MOST_OF_A_STRANGER + 2)
        ]
        assert codes.count("bad_input") == (0 if trusted else 2)
    images = politely_pinned(lambda _: Found(), Manners())
    for trusted in (True, False):
        here = images(trusted)
        codes = [
            code(lambda here=here, number=number: here.pin(f"a.example/x{number}", "v1"))  # type: ignore[misc]
            for number in range(MOST_OF_A_STRANGER + 2)
        ]
        assert codes.count("bad_input") == (0 if trusted else 2)
