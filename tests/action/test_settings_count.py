"""Settings whose effect shows only in a whole run, or in where it connects to."""

from pathlib import Path

import pytest
from staged import CHAT, REPO, Stage, profile, pull_event

from replanner.action.world import github
from replanner.profile.settings import merged


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    before = {CHAT: profile()}
    return Stage(tmp_path, before, {CHAT: profile(concurrency=8)})


@pytest.mark.parametrize(
    ("charts", "mermaid", "drawn"),
    [
        ("auto", True, True),
        ("mermaid", True, True),
        ("unicode", False, True),
        ("none", False, False),
    ],
)
def test_charts_are_drawn_as_asked(
    stage: Stage, charts: str, *, mermaid: bool, drawn: bool
) -> None:
    stage.run("pull_request", pull_event(), charts=charts)
    (comment,) = stage.pulls.kept
    assert ("xychart" in comment.body) is mermaid
    assert ("█" in comment.body) is drawn


@pytest.mark.parametrize(("level", "told"), [("info", True), ("debug", True), ("warning", False)])
def test_the_log_says_as_much_as_asked(stage: Stage, level: str, *, told: bool) -> None:
    stage.run("pull_request", pull_event(), log_level=level)
    assert (f"{CHAT}: changed" in stage.log) is told


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("", "https://github.com"),
        ("https://github.example.org", "https://github.example.org"),
        ("https://github.example.org/api/v3", "https://github.example.org"),
    ],
)
def test_the_forge_is_where_github_api_url_says(address: str, site: str) -> None:
    settings = merged({"github-api-url": address, "token": "ghs_x"})
    with github(settings, REPO, None) as world:
        assert world.site == site
