"""Memory outside torch, held against figures that servers printed."""

import pytest

from replanner.planning.facts import Parallel
from replanner.planning.outside_torch import non_torch_bytes
from replanner.planning.profile_run import Steps
from replanner.planning.units import GIB


def steps(version: str, **gpu: object) -> Steps:
    return Steps(8192, 1024, "bfloat16", version, **gpu)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "tensor", "printed_gib"),
    [
        ("0.19.0", 1, 0.25),
        ("0.19.0", 2, 2.08),
        ("0.19.0", 4, 2.21),
        ("0.11.0", 1, 0.13),
        ("0.11.0", 2, 0.54),
    ],
)
def test_h100s_take_what_was_printed(version: str, tensor: int, printed_gib: float) -> None:
    got = non_torch_bytes(Parallel(tensor=tensor), steps(version)) / GIB
    assert got == pytest.approx(printed_gib, abs=0.03)


@pytest.mark.parametrize(
    ("version", "capability", "printed_gib"),
    [("0.8.2", (7, 5), 0.05), ("0.7.3", (8, 6), 0.05), ("0.26.0", (8, 9), 0.07)],
)
def test_smaller_gpus_load_little(
    version: str, capability: tuple[int, int], printed_gib: float
) -> None:
    got = non_torch_bytes(Parallel(), steps(version, capability=capability)) / GIB
    assert got == pytest.approx(printed_gib, abs=0.03)


def test_pcie_needs_fewer_buffers_than_nvlink() -> None:
    pair = Parallel(tensor=2)
    wired = non_torch_bytes(pair, steps("0.19.0", nvlink=False))
    assert wired < non_torch_bytes(pair, steps("0.19.0")) - GIB


def test_links_without_sharp_need_no_more_than_before() -> None:
    pair = Parallel(tensor=2)
    ampere = non_torch_bytes(pair, steps("0.19.0", capability=(8, 0)))
    assert ampere < non_torch_bytes(pair, steps("0.19.0")) - GIB


def test_the_start_of_nccl_counted_until_0_11() -> None:
    pair = Parallel(tensor=2)
    assert non_torch_bytes(pair, steps("0.10.2")) > non_torch_bytes(pair, steps("0.11.0")) + GIB


@pytest.mark.parametrize(
    ("version", "counted"), [("0.6.3", False), ("0.6.4", True), ("0.6.5", False)]
)
def test_0_6_4_counted_the_context(version: str, *, counted: bool) -> None:
    """H200, 0.6.4: 0.73 GiB outside torch; 0.6.3 measured from its own start, 0.6.5 does again."""
    assert (non_torch_bytes(Parallel(), steps(version)) > 0.5 * GIB) == counted


def test_v1_counted_the_whole_device_until_0_9_1() -> None:
    """0.8.3 on four RTX 4090 had 0.78 GiB for KV where 0.7.2 started with the same command."""
    four = Parallel(tensor=4)
    gpu = {"capability": (8, 9), "nvlink": False}
    before, after = (non_torch_bytes(four, steps(v, **gpu)) for v in ("0.8.3", "0.9.1"))
    assert before > 4 * GIB
    assert after < 0.5 * GIB


def test_shared_memory_holds_the_server_too() -> None:
    shared = non_torch_bytes(Parallel(), steps("0.23.1", capability=(12, 1), unified_memory=True))
    own = non_torch_bytes(Parallel(), steps("0.23.1", capability=(12, 1)))
    assert shared - own > 5 * GIB


def test_amd_has_libraries_as_well() -> None:
    assert non_torch_bytes(Parallel(), steps("0.28.0", capability=None)) > 0
