"""Deliveries in any order and as often as anybody likes: what stands on GitHub is made from what
is there now, never from what a delivery said."""

from itertools import permutations
from pathlib import Path

import pytest
from configs import LLAMA_3_1_8B
from staged import CHAT, REPO, SMALL, profile
from yard import Yard, pulled, pushed

from replanner.server.jobs import EVERYTHING, Json
from replanner.webhooks.events import ImageMoved, ModelMoved, to_json

# Four deliveries of one model, of which only the last tells where it stands.
MOVES = [to_json(ModelMoved(SMALL, "main", number * 40)) for number in "1234"]
# And four that different senders tell about one repository.
MIXED = [
    to_json(ModelMoved(SMALL, "main", "1" * 40)),
    to_json(ImageMoved("reg.example/acme/vllm", "stable", f"sha256:{'b' * 64}")),
    to_json(pushed()),
    dict(EVERYTHING),
]


def _yard(folder: Path) -> Yard:
    tracked = "engine:\n  image: reg.example/acme/vllm:v1\n  image_track: stable\n"
    yard = Yard(folder, {CHAT: profile() + tracked}, {CHAT: profile(concurrency=4) + tracked})
    yard.images.now = {"stable": "a"}
    return yard


def _outcome(yard: Yard, events: list[Json]) -> tuple[frozenset[str], str, tuple[str, ...]]:
    """All targets of all events, gathered as the server gathers them, and then what is written."""
    work = yard.work()
    targets = {one.key: one for event in events for one in work.targets(event)}
    for one in targets.values():
        assert work.run(one.to_json())["did"] == "updated"
    return frozenset(targets), "".join(yard.forge.bodies), tuple(yard.done())


@pytest.mark.parametrize("events", [MOVES, MIXED], ids=["one model", "one repository"])
def test_in_every_order_the_newest_state_is_what_is_proposed(
    events: list[Json], tmp_path: Path
) -> None:
    found = set()
    for number, order in enumerate(permutations(events)):
        yard = _yard(tmp_path / str(number))
        yard.move(SMALL, {**LLAMA_3_1_8B, "max_position_embeddings": 65536})
        found.add(_outcome(yard, list(order)))
    [(keys, body, done)] = found
    assert keys == {f"{REPO}|update|main"}
    assert "65,536" in body
    assert [line.partition(" ")[0] for line in done] == ["push", "open"]


def test_a_delivery_that_comes_again_under_new_names_writes_nothing_more(tmp_path: Path) -> None:
    """GitHub does not sign the name of a delivery: whoever saw one can send it for ever."""
    yard = _yard(tmp_path)
    work = yard.work()
    for _ in range(100):
        yard.send(pulled(), work)
    assert yard.pulls.done == ["comment 7"]


def test_our_own_pushes_and_comments_are_no_news(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    work = yard.work()
    for branch in ("replanner/main/acme-small-abcdef", "replanner/main/x"):
        assert work.targets(to_json(pushed(branch))) == []
    assert yard.done() == []
