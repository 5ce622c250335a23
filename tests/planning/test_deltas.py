"""Which way each compared figure is better, and how values of any shape become words."""

import pytest

from replanner.planning.deltas import FIGURES, figures, plain

LESS_IS_BETTER = {
    "feasibility.oom_risk",
    "feasibility.bytes.weights",
    "feasibility.bytes.kv_needed",
    "feasibility.bytes.workload_kv",
    "feasibility.kv_bytes_per_token",
    "performance.ttft_ms",
    "performance.itl_ms",
}


def nested(path: str, value: object) -> dict[str, object]:
    """One figure as a plan document holds it: performance.itl_ms -> {"performance": {...}}."""
    for key in reversed(path.split(".")):
        value = {key: value}
    assert isinstance(value, dict)
    return value


# felt in what is left for the KV cache, and only there
ONLY_AN_EFFECT = {f"feasibility.bytes.{name}" for name in ("activation", "non_torch", "cuda_graph")}


@pytest.mark.parametrize("key", [figure.key for figure in FIGURES])
def test_a_rise_is_better_where_more_is_wanted_and_a_fall_where_less_is(key: str) -> None:
    low, high = ("low", "high") if key.endswith("oom_risk") else (1, 2)
    rise = figures(nested(key, low), nested(key, high))
    fall = figures(nested(key, high), nested(key, low))
    wanted = ("worse", "better") if key in LESS_IS_BETTER else ("better", "worse")
    if key in ONLY_AN_EFFECT:
        wanted = ("neutral", "neutral")
    assert [delta.direction for delta in (*rise, *fall)] == list(wanted)


def test_objects_become_their_own_text() -> None:
    assert plain({"b": 1, "a": "Zürich"}) == '{"a": "Zürich", "b": 1}'


def test_memory_is_news_from_32_mib_where_that_is_a_hundredth() -> None:
    """Only the size is at stake here: from nothing, every share is the whole."""
    key, least = "feasibility.bytes.activation", 32 * 1024**2
    (quiet,) = figures(nested(key, 0), nested(key, least - 1))
    (told,) = figures(nested(key, 0), nested(key, least))
    assert (quiet.news, told.news) == (False, True)


@pytest.mark.parametrize(
    ("key", "least"),
    [("feasibility.kv_cache_tokens", 10), ("performance.decode_tokens_per_s", 30)],
)
def test_counts_are_news_by_a_hundredth_and_speeds_by_three(key: str, least: int) -> None:
    (quiet,) = figures(nested(key, 1000), nested(key, 1001 - least))
    (told,) = figures(nested(key, 1000), nested(key, 1000 - least))
    assert (quiet.news, told.news) == (False, True)
