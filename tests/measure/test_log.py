"""What is read of a start-up log: figures, settings, how it ended; and that nothing breaks it."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_logs import CASES, CONSUMED, HYBRID, REFUSED, TP2, V0, V1_NEW, V1_OLD

from replanner.measure.lines import FIGURES, PATTERNS, WORTH_READING
from replanner.measure.log import LONGEST_LINE, read_log
from replanner.measure.seen import Seen
from replanner.measure.terms import terms

ALL = "".join(case.log for case in CASES.values()) + CONSUMED


@pytest.mark.parametrize("name", CASES)
def test_every_figure_of_every_format_is_read(name: str) -> None:
    case = CASES[name]
    seen = read_log(case.log)
    found = terms(seen, "0.19.0")
    assert seen.state == case.state
    assert {key: found.get(key) for key in case.read} == pytest.approx(case.read, abs=1e-4)


def test_every_pattern_is_met_by_some_log_or_stands_in_the_list_of_rare_ones() -> None:
    """A pattern with a slip in it would match nothing, and nobody would notice."""
    rare = {
        "CUDA graph pool memory: 0.62 GiB (actual), 0.61 GiB (estimated), difference: 0.02 GiB",
        "Requested memory: 0.80 (util), 18.82 GiB",
        "Initial free memory 8.0 GiB, reserved 1.6 GiB memory for KV Cache as specified by config",
        "Overriding num_gpu_blocks=900 with num_gpu_blocks_override=512",
        (
            "Total non KV cache memory: 6.62GiB; torch peak memory increase: 1.9GiB; total consumed"
            " (from mem_get_info): 5.58GiB; weights memory: 5.2GiB."
        ),
    }
    text = [line for line in re.split("[\r\n]", ALL) if WORTH_READING.search(line)] + [*rare]
    unmet = [one.pattern for one in PATTERNS if not any(map(one.search, text))]
    assert unmet == []
    assert all(map(WORTH_READING.search, rare))


def test_identity_and_settings_are_read() -> None:
    seen = read_log(TP2.log)
    assert (seen.version, seen.model, seen.date) == (
        "0.19.0",
        "Qwen/Qwen2.5-7B-Instruct",
        "2026-04-22",
    )
    assert seen.settings == {
        "tensor_parallel_size": 2,
        "pipeline_parallel_size": 1,
        "data_parallel_size": 1,
        "dtype": "bfloat16",
        "kv_cache_dtype": "auto",
        "enforce_eager": False,
        "gpu_memory_utilization": 0.95,
        "max_num_seqs": 1024,
        "max_num_batched_tokens": 8192,
        "max_model_len": 8192,
    }
    assert read_log(HYBRID.log).gpu == "NVIDIA H200"


def test_of_several_ranks_the_tightest_counts() -> None:
    found = read_log(TP2.log).figures
    assert found["kv_cache_gib"] == 63.84, "the pool of the poorest rank"
    assert found["non_torch_gib"] == 2.06, "what the fullest one holds outside torch"


def test_of_several_engines_the_smallest_pool_counts() -> None:
    lines = "".join(
        f"(EngineCore_DP{rank} pid={90 + rank}) INFO 01-01 00:00:00 [core.py:1] {text}\n"
        for rank, tokens in enumerate(["5,000,000", "4,900,000"])
        for text in (
            "Initializing a V1 LLM engine (v0.11.0) with config: model='a/b'",
            f"GPU KV cache size: {tokens} tokens",
            "init engine (profile, create kv cache, warmup model) took 9 seconds",
        )
    )
    seen = read_log(lines)
    assert seen.figures["kv_cache_tokens"] == 4_900_000
    assert not seen.notes, "one server, not two starts"


def test_weights_and_what_is_outside_torch_are_told_apart_by_two_lines() -> None:
    found = terms(read_log(CONSUMED), "0.33.0")
    assert found["non_torch_gib"] == pytest.approx(5.58 - 5.2)
    assert found["activation_gib"] == 1.04


def test_the_gpus_memory_follows_from_the_budget_and_its_share() -> None:
    line = "Initial free memory: 23.08 GiB; Requested memory: 0.80 (util), 18.82 GiB"
    assert terms(read_log(line), "0.11.0")["vram_total_gib"] == 23.52
    assert "vram_total_gib" not in terms(read_log("worker requested memory: 9.0GiB"), "0.11.0")


def test_the_printed_pool_counts_before_the_one_that_a_refusal_names() -> None:
    log = REFUSED.log.replace("KV cache memory (4.89 GiB)", "KV cache memory (4.88 GiB)")
    assert terms(read_log(log), "0.18.0")["kv_cache_gib"] == 4.89
    alone = log.replace("Available KV cache memory", "")
    assert terms(read_log(alone), "0.18.0")["kv_cache_gib"] == 4.88


def test_the_graphs_estimate_is_taken_out_of_the_activations_where_only_so_the_sum_is_right() -> (
    None
):
    inside = """\
Estimated CUDA graph memory: 0.60 GiB total
Available KV cache memory: 10.0 GiB
Desired GPU memory utilization is (0.9, 20.0 GiB). Actual usage is 8.0 GiB for consumed memory \
(weights + non-torch), 2.0 GiB for peak activation, and 0.3 GiB for CUDAGraph memory.
"""
    found = terms(read_log(inside), "0.33.0")
    assert found["activation_gib"] == pytest.approx(1.4)
    assert (found["cuda_graph_gib"], found["counted_graph_gib"]) == (0.3, 0.6)
    outside = inside.replace("10.0 GiB", "9.4 GiB")
    assert terms(read_log(outside), "0.33.0")["activation_gib"] == 2.0
    older = terms(read_log(inside), "0.19.0")
    assert (older["activation_gib"], older["counted_graph_gib"]) == (2.0, 0.0), "not counted yet"


def test_the_profile_runs_debug_line_of_later_releases_gives_activations() -> None:
    line = (
        "Total non KV cache memory: 6.62GiB; torch peak memory increase: 1.9GiB; total consumed"
        " (from mem_get_info): 5.58GiB; weights memory: 5.2GiB."
    )
    assert terms(read_log(line), "0.33.0")["activation_gib"] == pytest.approx(1.04)


PREFIXES = {
    "docker": lambda line: f"2026-01-02T03:04:05.123456789Z {line}",
    "kubectl": lambda line: f"[pod/vllm-7d9/vllm] {line}",
    "journald": lambda line: f"Jan 02 03:04:05 node1 vllm[123]: {line}",
    "compose": lambda line: f"vllm-1  | {line}",
    "old worker": lambda line: f"(VllmWorker rank=0 pid=11) {line}",
    "ray": lambda line: f"(RayWorkerWrapper pid=3918397, ip=10.0.0.1) {line}",
    "quoted": lambda line: f"> {line}",
    "json": lambda line: json.dumps({"log": line + "\n", "stream": "stderr"}),
    "carriage return": lambda line: f"{line}\r",
}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", CASES)
def test_what_stands_around_the_lines_changes_no_figure(prefix: str, name: str) -> None:
    case = CASES[name]
    dressed = "\n".join(map(PREFIXES[prefix], case.log.split("\n")))
    bare, found = read_log(case.log), read_log(dressed)
    assert found.figures == bare.figures
    assert (found.state, found.version) == (bare.state, bare.version)


REFUSALS = {
    "kv_cache_too_small": [
        REFUSED.log,
        (
            "ValueError: The model's max seq len (2048) is larger than the maximum number of tokens"
            " that can be stored in KV cache (1936). Try increasing `gpu_memory_utilization`"
        ),
        (
            "ValueError: To serve at least one request with the models's max seq len (32768), (2.00"
            " GB KV cache is needed, which is larger than the available KV cache memory (0.78 GB)."
        ),
    ],
    "no_kv_cache_memory": [
        "ValueError: No available memory for the cache blocks. Try increasing it.",
        "ValueError: Cannot auto-fit max_model_len: not enough GPU memory available to serve",
    ],
    "out_of_memory": [
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 270.00 MiB. GPU 0 has a"
            " total capacity of 21.67 GiB of which 255.75 MiB is free."
        ),
        "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB.",
        "ERROR [runner.py:5086] Failed to load model - not enough GPU memory. Try lowering",
    ],
    "gpu_not_free": [
        (
            "ValueError: Free memory on device cuda:0 (106.88/121.69 GiB) on startup is less than"
            " desired GPU memory utilization (0.89, 108.3 GiB). Decrease GPU memory utilization"
        )
    ],
    "mamba_blocks": [
        "ValueError: max_num_seqs (256) exceeds available Mamba cache blocks (120). Each decode"
    ],
}


@pytest.mark.parametrize(
    ("code", "log"), [(code, log) for code, logs in REFUSALS.items() for log in logs]
)
def test_refusals_are_told_apart(code: str, log: str) -> None:
    seen = read_log(log)
    assert seen.state == "refused"
    assert seen.refusal is not None
    assert seen.refusal.code == code
    assert not re.search("Try |Decrease", seen.refusal.message), "its advice is left out"


def test_a_refusals_own_figures_are_read() -> None:
    refusal = read_log(REFUSED.log).refusal
    assert refusal is not None
    assert refusal.figures["longest_model_len"] == 35600
    old = read_log(REFUSALS["kv_cache_too_small"][1])
    found = terms(old, "0.6.6")
    assert (found["kv_cache_tokens"], found["max_model_len"]) == (1936, 2048)


def test_another_error_is_a_refusal_in_its_own_words() -> None:
    seen = read_log(
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig\n"
        "  Value error, User-specified max_model_len (99999) is greater than the derived one\n"
    )
    assert seen.refusal is not None
    assert seen.refusal.code == "other"
    assert "User-specified max_model_len (99999)" in seen.refusal.message


def test_memory_that_runs_out_while_serving_is_no_refusal() -> None:
    served = V1_OLD.log + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB.\n"
    seen = read_log(served)
    assert seen.state == "started"
    assert seen.notes == (
        "After it had started: OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB.",
    )


def test_graphs_that_run_out_of_memory_after_the_cache_was_sized_are_a_refusal() -> None:
    cut = V1_OLD.log.partition("Capturing")[0]
    seen = read_log(cut + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB.\n")
    assert seen.state == "refused"
    assert seen.figures["kv_cache_tokens"] == 136080


def test_of_several_starts_the_last_that_got_anywhere_is_told() -> None:
    seen = read_log(REFUSED.log + V1_OLD.log)
    assert (seen.state, seen.version) == ("started", "0.9.2")
    assert seen.notes == ("2 starts are in the log; the last one is told.",)
    again = read_log(V1_OLD.log + V1_OLD.log.partition("Chunked")[0])
    assert again.figures["kv_cache_gib"] == 18.69, "the second has only begun"
    newer = V1_OLD.log.partition("Chunked")[0].replace("0.9.2", "0.9.3")
    assert read_log(V1_OLD.log + newer).version == "0.9.2", "and what it says is its own"


def test_a_log_cut_anywhere_says_what_it_says() -> None:
    for at in range(0, len(TP2.log), 97):
        seen = read_log(TP2.log[:at])
        assert seen.state in ("unknown", "started")


def test_a_log_of_something_else_is_empty() -> None:
    assert read_log("").is_empty
    assert read_log("2026-01-01 nginx: GET /v1/models 200\n" * 10).is_empty


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert isinstance(read_log(text), Seen)


LINES = [line for line in re.split("[\r\n]", ALL) if line]
# What stands where a figure stood, and cut or doubled lines.
NASTY = st.sampled_from(["", "-", "1.2.3", "9" * 400, "NaN", "inf", "٣", "1,,2", "None", "1e999"])


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(LINES), NASTY, st.integers(0, 300)), max_size=6))
def test_no_line_that_looks_like_vllms_breaks_the_reader(
    mangled: list[tuple[str, str, int]],
) -> None:
    text = "\n".join(
        re.sub("[0-9]+(?:[.][0-9]+)?", word, line)[:cut] + line[cut:] for line, word, cut in mangled
    )
    seen = read_log(text)
    for release in ("0.6.0", "0.33.0"):
        found = terms(seen, release)
        assert all(value == value for value in found.values()), "never NaN"  # noqa: PLR0124
    assert seen.figures.keys() <= FIGURES.keys()


def test_long_lines_and_long_logs_take_linear_time() -> None:
    begun = time.process_time()
    read_log("KV cache " * 200_000)
    read_log("(" * 500_000 + " memory " + "[" * 500_000)
    read_log(("Error: " + "A" * 3000 + "\n") * 300)
    read_log("model weights take          " * 20_000)
    read_log((V0.log + V1_NEW.log) * 100)
    assert time.process_time() - begun < 10
    late = "x" * LONGEST_LINE + "Available KV cache memory: 1.0 GiB"
    assert read_log(late).figures == {}


def test_the_lines_that_the_page_shows_are_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    shown = next(part for part in page.split("```\n") if part.startswith("INFO"))
    seen = read_log(shown)
    assert (seen.state, seen.version) == ("started", "0.19.0")
    assert seen.figures["kv_cache_gib"] == 63.84
    assert seen.figures["kv_cache_tokens"] == 2_390_592
    assert seen.figures["max_concurrency"] == 291.82
    assert 7.12 in seen.figures.values()
    assert 0.71 in seen.figures.values()
