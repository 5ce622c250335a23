"""What one regular look costs each upstream when nothing moved: docs/server.md tells the same."""

import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from configs import LLAMA_3_1_8B
from emulated import OWNER, REPOSITORY
from peers import peer
from server_stage import Stage
from stories import profile

from replanner.server.jobs import EVERYTHING
from replanner.server.settings import read_settings
from replanner.server.work import RepositoryWork, make_work
from replanner.upstream.manners import TOLERATED

MODELS = 5
TRIES = 3  # of one question, by the Hub's client
PROFILES = 20


@pytest.fixture
def crowd(stage: Stage, tmp_path: Path) -> Stage:
    """Twenty profiles of five models; two of them follow images, by a tag and by a glob."""
    maker = peer("hub-server").parent / "hub" / "make_model_repo.py"
    made, models = tmp_path / "made", tmp_path / "models"
    for number in range(MODELS):
        words = [sys.executable, maker, models, f"acme/model-{number}", made]
        subprocess.run(words, check=True, capture_output=True)
    (made / "config.json").write_text(json.dumps(LLAMA_3_1_8B))
    files = {
        f"profiles/p{number}.yaml": profile(f"acme/model-{number % MODELS}")
        for number in range(PROFILES)
    }
    stage.registry.auth = "bearer"
    for number, track in enumerate(("stable", '"v*"')):
        stage.registry.push("acme/vllm", "stable", "one")
        stage.registry.push("acme/vllm", "v0.33.1", "one")
        image = f"  image: {stage.registry.host}/acme/vllm\n  image_track: {track}\n"
        files[f"profiles/p{number}.yaml"] += image
    stage.github.push(files)
    return stage


def server_of(stage: Stage) -> RepositoryWork:
    settings = {
        "REPLANNER_GITHUB__API_URL": stage.github.url,
        "REPLANNER_GITHUB__TOKEN": OWNER,
        "REPLANNER_GITHUB__REPOSITORIES": REPOSITORY,
        "REPLANNER_HUB__ENDPOINT": stage.hub.url,
        "REPLANNER_REGISTRIES__HOSTS": stage.registry.host,
    }
    return make_work(read_settings(None, settings, folder=stage.folder, known={}))


class Calls:
    """Counts what upstreams were asked since it was last asked itself."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._seen: Counter[str] = Counter()

    def since(self) -> Mapping[str, int]:
        now = Counter(
            github=len(_github(self._stage)),
            free=sum(row["status"] == 304 for row in _github(self._stage)),
            hub=len(_log(self._stage.hub.url)),
            registry=len(self._stage.registry.calls),
        )
        new = now - self._seen
        self._seen = now
        return new


def _github(stage: Stage) -> list[Mapping[str, object]]:
    return [row for row in stage.github.api("GET", "/_tools/log") if "_tools" not in row["path"]]


def _log(url: str) -> list[object]:
    with urllib.request.urlopen(f"{url}/_tools/log", timeout=30) as answer:
        return list(json.loads(answer.read()))


def test_a_look_when_nothing_moved_costs_what_the_page_says(crowd: Stage) -> None:
    work, calls = server_of(crowd), Calls(crowd)
    assert work.targets(EVERYTHING)
    # The second look learns the emulator's ETag, which is not the commit, as GitHub's is.
    for minutes in (15, 30):
        calls.since()
        work._index.clock = lambda minutes=minutes: time.monotonic() + minutes * 60
        assert work.targets(EVERYTHING) == []
    assert calls.since() == {"github": 1, "free": 1, "hub": MODELS, "registry": 5}
    assert crowd.github.violations() == []


def test_a_look_at_a_hub_that_is_away_asks_it_a_few_times(crowd: Stage) -> None:
    crowd.hub.faults({f"acme/model-{number}": {"kind": "error"} for number in range(MODELS)})
    work, calls = server_of(crowd), Calls(crowd)
    calls.since()
    assert work.targets(EVERYTHING)
    assert calls.since()["hub"] == TOLERATED * TRIES
    assert work.targets(EVERYTHING) == []
    assert calls.since()["hub"] == 0
