"""Which rules and which model runner a release has."""

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B
from known_models import config

from replanner import catalogue
from replanner.planning.memory_era import (
    MemoryEra,
    figure,
    media_of,
    memory_era,
    uses_second_runner,
)
from replanner.planning.model_facts import model_facts
from replanner.planning.versions import parse_version

TABLE = catalogue.load("vllm/memory")
LLAMA, MIXTRAL, QWEN = map(model_facts, (LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B))


@pytest.mark.parametrize("row", TABLE["rules"], ids=lambda row: row["rule"])
def test_a_rule_holds_from_the_release_that_has_it(row: dict[str, str]) -> None:
    major, minor, patch = parse_version(row["since"])
    before = f"{major}.{minor}.{patch - 1}" if patch else f"{major}.{minor - 1}.99"
    assert getattr(memory_era(row["since"]), row["rule"])
    assert not getattr(memory_era(before), row["rule"])
    assert row["source"]


def test_every_rule_is_used() -> None:
    assert {row["rule"] for row in TABLE["rules"]} == set(MemoryEra._fields)


@pytest.mark.parametrize("name", TABLE["figures"])
def test_a_figure_has_a_size_and_a_source(name: str) -> None:
    assert 0 < figure(name) < 10 * 1024**3
    assert TABLE["figures"][name]["source"]


@pytest.mark.parametrize(
    ("version", "llama", "qwen", "mixtral"),
    [
        ("0.21.0", False, False, False),
        ("0.23.0", True, False, False),
        ("0.24.0", True, False, False),
        ("0.25.0", True, True, False),
        ("0.29.0", True, True, True),
    ],
)
def test_dense_models_got_the_second_runner_first(
    version: str, *, llama: bool, qwen: bool, mixtral: bool
) -> None:
    asked = [uses_second_runner(facts, version) for facts in (LLAMA, QWEN, MIXTRAL)]
    assert asked == [llama, qwen, mixtral]


def test_0_23_left_quantized_models_with_the_first_runner() -> None:
    loaded = model_facts(LLAMA_3_1_8B, quantization="fp8")
    assert not uses_second_runner(loaded, "0.23.0")
    assert uses_second_runner(loaded, "0.24.0")


def test_recurrent_states_kept_the_first_runner_until_0_29() -> None:
    facts = model_facts(config("Qwen__Qwen3-Next-80B-A3B-Instruct"))
    dense = facts._replace(moe=None)
    assert not uses_second_runner(dense, "0.28.0")
    assert uses_second_runner(dense, "0.29.0")


def test_models_that_pool_have_a_runner_of_their_own() -> None:
    assert not uses_second_runner(LLAMA._replace(pooling=True), "0.33.0")


def test_a_model_without_a_row_has_items_of_no_known_size() -> None:
    assert media_of("SomeVisionModel") == (0, 0)
