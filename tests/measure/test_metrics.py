"""What is read of a server's /metrics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_logs import METRICS, METRICS_V0

from replanner.measure.metrics import read_metrics
from replanner.measure.seen import Seen
from replanner.measure.terms import terms


def test_a_new_page_says_tokens_and_requests() -> None:
    seen = read_metrics(METRICS)
    assert seen.state == "started"
    found = terms(seen, "0.33.0")
    assert found["kv_cache_tokens"] == 1043072
    assert found["max_concurrency_at_context"] == pytest.approx(31.832, abs=1e-3)
    assert seen.settings["gpu_memory_utilization"] == 0.9


def test_an_old_page_says_blocks() -> None:
    assert terms(read_metrics(METRICS_V0), "0.6.0")["kv_cache_tokens"] == 24188 * 16


def test_blocks_are_the_sum_of_all_engines() -> None:
    """`core_client.py` adds them up, and every engine's row shows the sum."""
    one = METRICS_V0.replace("{", '{engine="0",')
    both = one + one.replace('engine="0"', 'engine="1"')
    assert read_metrics(both).figures["gpu_blocks"] == 24188 // 2


def test_a_page_without_the_cache_is_a_started_server_all_the_same() -> None:
    assert read_metrics('vllm:num_requests_running{engine="0"} 0.0\n').state == "started"


@pytest.mark.parametrize("text", ["", "<html>", "sglang:num_running_reqs 0.0\n"])
def test_another_programs_page_is_empty(text: str) -> None:
    assert read_metrics(text).is_empty


@pytest.mark.parametrize(
    "labels",
    ['num_gpu_blocks="None"', 'num_gpu_blocks="x"', 'num_gpu_blocks="True"', "", 'a="'],
)
def test_labels_without_a_number_give_no_figure(labels: str) -> None:
    seen = read_metrics(f"vllm:cache_config_info{{{labels}}} 1.0\n")
    assert seen.state == "started"
    assert seen.figures == {}


@given(st.text() | st.text().map(lambda text: f"vllm:cache_config_info{{{text}}} 1.0\n"))
def test_no_page_breaks_the_reader(text: str) -> None:
    assert isinstance(read_metrics(text), Seen)
