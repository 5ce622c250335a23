"""What a step costs: experts touched, bytes of a sequence, formats and links."""

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B

from replanner.planning.facts import KvLayers, ModelFacts, Parallel, Quantization
from replanner.planning.hardware import Gpu, find_gpu
from replanner.planning.model_facts import model_facts
from replanner.planning.roofline import Cost, Machine, Roofline, cached_bytes, cost_of, machine_of
from replanner.planning.speed_table import SHARED, speeds_for

DENSE, MIXTRAL = model_facts(LLAMA_3_1_8B), model_facts(MIXTRAL_8X7B)
H100, A100, L4 = find_gpu("H100 SXM"), find_gpu("A100 80GB SXM"), find_gpu("L4")
FP8 = Quantization("fp8", "FP8", 8, "fp8")
NVFP4 = Quantization("modelopt_fp4", "NVFP4", 4, "fp4")
AWQ = Quantization("awq", "AWQ", 4)


def cost(facts: ModelFacts = DENSE, tensor: int = 1) -> Cost:
    return cost_of(facts, Parallel(tensor=tensor), "bfloat16")


def machine(gpu: Gpu = H100, tensor: int = 1, quantization: Quantization | None = None) -> Machine:
    facts = DENSE._replace(quantization=quantization)
    return machine_of(facts, Parallel(tensor=tensor), gpu, eager=False)


def test_tokens_that_pick_evenly_touch_the_expected_share_of_experts() -> None:
    assert cost().touched(64) == 0
    assert cost(MIXTRAL).touched(1) == pytest.approx(2 / 8)
    assert cost(MIXTRAL).touched(2) == pytest.approx(1 - (6 / 8) ** 2)
    assert cost(MIXTRAL).touched(1000) == pytest.approx(1)


def test_a_looked_up_embedding_table_is_neither_read_nor_multiplied() -> None:
    table = 128256 * 4096
    assert cost().dense_bytes == pytest.approx(2 * (DENSE.parameters - table), rel=0.001)
    assert cost().flops_per_token == 2 * (DENSE.active_parameters - table)


def test_a_tied_table_is_the_head_as_well() -> None:
    tied = model_facts(QWEN2_5_0_5B)
    assert cost(tied).flops_per_token == 2 * tied.active_parameters


def test_a_token_of_llama_8b_keeps_128_kib() -> None:
    assert cached_bytes(cost(), 1000, 1) == 1000 * 131072
    assert cached_bytes(cost(tensor=8), 1000, 8) == 1000 * 131072 / 8


@pytest.mark.parametrize(
    ("layers", "tokens"),
    [
        (KvLayers("sliding", (0,), 8, 128, 128, window=512), 512),
        (KvLayers("full", (0,), 8, 128, 128), 4000),
        (KvLayers("indexer", (0,), 1, 128, 0, element_bytes=1), 4000 / 32),
        (KvLayers("cross", (0,), 8, 128, 128, encoder_tokens=1500), 1500),
    ],
)
def test_each_kind_of_layer_reads_what_it_sees(layers: KvLayers, tokens: float) -> None:
    one = cost()._replace(kv=(layers,))
    assert cached_bytes(one, 4000, 1) == tokens * 4096


def test_fp8_counts_where_the_hardware_has_it() -> None:
    assert machine(H100, quantization=FP8).peak == H100.flops["fp8"]
    assert machine(A100, quantization=FP8).peak == A100.flops["bf16"]
    assert machine(H100, quantization=NVFP4).peak == H100.flops["bf16"]


def test_turing_and_volta_compute_in_fp16() -> None:
    for name in ("T4", "V100 SXM2 32GB"):
        gpu = find_gpu(name)
        assert machine(gpu).peak == gpu.flops["fp16"]


@pytest.mark.parametrize(
    ("quantization", "name"),
    [(None, "16bit"), (FP8, "fp8"), (NVFP4, "fp4"), (AWQ, "weight-only")],
)
def test_the_format_follows_the_checkpoint(quantization: Quantization | None, name: str) -> None:
    assert machine(quantization=quantization).format == name


def test_only_ranks_that_share_layers_exchange_anything() -> None:
    def prompt(gpu_name: str, tensor: int) -> float:
        gpu = find_gpu(gpu_name)
        speeds = speeds_for(gpu, "0.33.0")
        return Roofline(cost(tensor=tensor), machine(gpu, tensor), speeds).prompt(4000)

    assert prompt("A100 80GB SXM", 1) == prompt("A100 80GB PCIe", 1)
    assert prompt("A100 80GB SXM", 4) < prompt("A100 80GB SXM", 1)
    assert prompt("A100 80GB PCIe", 4) > 2 * prompt("A100 80GB SXM", 4)


def test_weights_are_read_at_their_formats_share_of_the_bandwidth() -> None:
    speeds = speeds_for(H100, "0.33.0")
    for quantization in (None, FP8, NVFP4, AWQ):
        one = Roofline(cost(), machine(quantization=quantization), speeds)
        share = SHARED.format_share[one.machine.format]
        rate = H100.memory_bandwidth_bytes_per_s * speeds.bandwidth * share
        assert one.weights(1) == pytest.approx(cost().dense_bytes / rate)


def test_each_layer_exchanges_its_token_twice() -> None:
    """After attention and after the MLP (model_executor/models/llama.py: o_proj, down_proj)."""
    assert cost(tensor=2).reduced_bytes == 2 * 32 * 4096 * 2


def test_an_l4_is_linked_by_pcie() -> None:
    assert machine(L4).link < machine(A100).link < machine(H100).link
