"""Which GPU a name means, and how much memory of it counts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import InputError, UnknownGpu
from replanner.planning.hardware import (
    Gpu,
    aliases,
    find_gpu,
    gpus,
    reported_memory_bytes,
    usable_memory_bytes,
)
from replanner.planning.units import GIB


def gib(count: int) -> float:
    return round(count / GIB, 2)


@pytest.mark.parametrize(
    "name",
    [
        "A10",
        "A10G",
        "A100 40GB SXM",
        "A100 80GB SXM",
        "B200 SXM",
        "B300 SXM",
        "GB10 (DGX Spark)",
        "GH200 96GB",
        "H100 PCIe",
        "H100 SXM",
        "H20 96GB",
        "H200 SXM",
        "L4",
        "L40S",
        "MI300X",
        "RTX 3090",
        "RTX 4060 Ti 16GB",
        "RTX 4090",
        "RTX 5080",
        "RTX 5090",
        "RTX A5000",
        "RTX PRO 6000 Blackwell (Server Edition)",
        "T4",
        "V100 SXM2 32GB",
    ],
)
def test_the_names_that_measurements_are_filed_under_are_our_own(name: str) -> None:
    assert find_gpu(name).name == name


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        # nvidia-smi and rocm-smi
        ("NVIDIA A100-SXM4-80GB", "A100 80GB SXM"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB SXM"),
        ("NVIDIA A100-PCIE-40GB", "A100 40GB PCIe"),
        ("NVIDIA A100 80GB PCIe", "A100 80GB PCIe"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("NVIDIA H200", "H200 SXM"),
        ("NVIDIA H20", "H20 96GB"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", "RTX 4070 Ti SUPER"),
        ("Tesla T4", "T4"),
        ("Tesla V100-SXM2-32GB", "V100 SXM2 32GB"),
        ("Tesla V100-SXM2-16GB", "V100 SXM2 16GB"),
        ("NVIDIA RTX A6000", "RTX A6000"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        (
            "NVIDIA RTX PRO 6000 Blackwell Server Edition",
            "RTX PRO 6000 Blackwell (Server Edition)",
        ),
        (
            "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
            "RTX PRO 6000 Blackwell (Workstation)",
        ),
        (
            "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
            "RTX PRO 6000 Blackwell (Max-Q)",
        ),
        ("NVIDIA GB10", "GB10 (DGX Spark)"),
        ("NVIDIA GH200 480GB", "GH200 96GB"),
        ("NVIDIA B200", "B200 SXM"),
        ("NVIDIA B300 SXM6 AC", "B300 SXM"),
        ("NVIDIA GB200", "GB200"),
        ("AMD Instinct MI300X", "MI300X"),
        ("AMD Instinct MI300X OAM", "MI300X"),
        ("AMD Instinct MI250X / MI250", "MI250X (per GCD)"),
        # clouds
        ("nvidia-h100-80gb", "H100 SXM"),
        ("nvidia-h100-mega-80gb", "H100 SXM"),
        ("nvidia-h200-141gb", "H200 SXM"),
        ("nvidia-tesla-t4", "T4"),
        ("nvidia-tesla-v100", "V100 SXM2 16GB"),
        ("nvidia-tesla-a100", "A100 40GB SXM"),
        ("nvidia-a100-80gb", "A100 80GB SXM"),
        ("nvidia-l4", "L4"),
        ("nvidia-b200", "B200 SXM"),
        ("nvidia-rtx-pro-6000", "RTX PRO 6000 Blackwell (Server Edition)"),
        ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", "RTX PRO 6000 Blackwell (Server Edition)"),
        ("NVIDIA-A100-SXM4-80GB", "A100 80GB SXM"),
        ("A100_NVLINK_80GB", "A100 80GB SXM"),
        ("RTX_A6000", "RTX A6000"),
        # people
        ("H100", "H100 SXM"),
        ("h100-80gb", "H100 SXM"),
        ("H100 80GB", "H100 SXM"),
        ("H200", "H200 SXM"),
        ("A100-80GB", "A100 80GB SXM"),
        ("A100 80GB", "A100 80GB SXM"),
        ("a100 40gb", "A100 40GB SXM"),
        ("V100 32GB", "V100 SXM2 32GB"),
        ("4090", "RTX 4090"),
        ("RTX4090", "RTX 4090"),
        ("rtx_3090_ti", "RTX 3090 Ti"),
        ("A6000", "RTX A6000"),
        ("RTX6000-Ada", "RTX 6000 Ada"),
        ("  L4 ", "L4"),
        ("DGX Spark", "GB10 (DGX Spark)"),
        ("mi300x", "MI300X"),
    ],
)
def test_a_gpu_is_known_by_what_tools_clouds_and_people_call_it(spelling: str, name: str) -> None:
    assert find_gpu(spelling).name == name


@pytest.mark.parametrize(
    ("name", "memory_gib"),
    [("A40", 44.42), ("A4000", 15.55), ("H20", 95.1), ("H200", 139.81), ("A10", 22.06)],
)
def test_names_that_contain_each_other_stay_apart(name: str, memory_gib: float) -> None:
    assert find_gpu(name).memory_bytes / GIB == pytest.approx(memory_gib, rel=0.003)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("A100", "A100 40GB SXM", "A100 80GB SXM"),
        ("NVIDIA A100", "A100 40GB SXM", "A100 80GB SXM"),
        ("A100 PCIe", "A100 40GB PCIe", "A100 80GB PCIe"),
        ("V100", "V100 SXM2 16GB", "V100 SXM2 32GB"),
        ("GH200", "GH200 96GB", "GH200 144GB"),
        ("NVIDIA GeForce RTX 4060 Ti", "RTX 4060 Ti 8GB", "RTX 4060 Ti 16GB"),
    ],
)
def test_a_name_of_two_sizes_is_an_error_that_names_both(
    name: str, first: str, second: str
) -> None:
    with pytest.raises(UnknownGpu, match=re.escape(f"can be {first} or {second}.")) as caught:
        find_gpu(name)
    assert "vram_gb" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "vram_gb", "expected"),
    [
        ("A100", 80, "A100 80GB SXM"),
        ("A100", 40, "A100 40GB SXM"),
        ("V100", 16, "V100 SXM2 16GB"),
        ("NVIDIA GeForce RTX 4060 Ti", 16380 / 1024, "RTX 4060 Ti 16GB"),
        ("RTX 6000", 48, "RTX 6000 Ada"),
    ],
)
def test_the_memory_tells_the_sizes_of_one_name_apart(
    name: str, vram_gb: float, expected: str
) -> None:
    assert find_gpu(name, vram_gb=vram_gb).name == expected


def test_a_size_that_no_variant_has_leaves_the_name_ambiguous() -> None:
    with pytest.raises(UnknownGpu, match="is not one GPU"):
        find_gpu("A100", vram_gb=60)


@pytest.mark.parametrize(
    ("name", "near"),
    [("RTX 4091", "RTX 4090"), ("H100 SXMM", "H100 SXM"), ("MI300Y", "MI300X")],
)
def test_an_unknown_gpu_comes_with_its_neighbours_and_a_way_out(name: str, near: str) -> None:
    with pytest.raises(
        UnknownGpu, match=f"'{name}' is no GPU of the catalogue. Nearest: "
    ) as caught:
        find_gpu(name)
    assert near in caught.value.message
    assert "replanner catalog gpus" in caught.value.hint
    assert "hardware.vram_gib" in caught.value.hint


@pytest.mark.parametrize("name", ["", "4", "GTX", "nvidia", "RTX", "100", "80GB", "auto"])
def test_a_part_of_a_name_is_no_name(name: str) -> None:
    with pytest.raises(UnknownGpu):
        find_gpu(name)


def test_a_name_longer_than_any_is_refused_in_short() -> None:
    with pytest.raises(UnknownGpu) as caught:
        find_gpu("H100 " * 100_000)
    assert len(caught.value.message) < 300


@given(st.text(max_size=300))
def test_any_text_is_either_a_gpu_or_an_error_of_bounded_length(name: str) -> None:
    try:
        said = find_gpu(name).name
    except UnknownGpu as error:
        said = error.message
    assert 0 < len(said) < 1500


@given(st.sampled_from([gpu.name for gpu in gpus()]), st.sampled_from(" -_"), st.booleans())
def test_case_and_separators_do_not_matter(name: str, separator: str, upper: bool) -> None:  # noqa: FBT001  drawn
    spelling = name.replace(" ", separator)
    assert find_gpu(spelling.upper() if upper else spelling.lower()).name == name


def test_the_aliases_of_a_gpu_lead_back_to_it() -> None:
    a100 = find_gpu("A100 40GB SXM")
    assert "nvidia-tesla-a100" in aliases(a100)
    assert all(find_gpu(alias) == a100 for alias in aliases(a100))


def test_figures_are_in_base_units() -> None:
    h100 = find_gpu("H100 SXM")
    assert h100.memory_bandwidth_bytes_per_s == 3_350_000_000_000
    assert h100.flops == {"bf16": 989e12, "fp16": 989e12, "fp8": 1978e12, "int8": 1978e12}
    assert h100.compute_capability == (9, 0)
    assert h100.memory_basis == "measured"
    assert h100.nvlink


def test_formats_without_hardware_are_absent() -> None:
    assert "bf16" not in find_gpu("T4").flops
    assert "bf16" not in find_gpu("V100 32GB").flops
    assert "fp8" not in find_gpu("A100 80GB").flops
    assert "fp4" not in find_gpu("H100").flops
    assert "fp4" in find_gpu("B200").flops


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("V100 32GB", "volta"),
        ("T4", "turing"),
        ("A100 80GB", "ampere"),
        ("A30", "ampere"),
        ("A10", "ampere-gddr"),
        ("RTX 3090", "ampere-gddr"),
        ("L4", "ada"),
        ("H20", "hopper"),
        ("B300", "blackwell"),
        ("RTX 5090", "blackwell-rtx"),
        ("GB10", "blackwell-rtx"),
        ("MI250", "cdna2"),
        ("MI300X", "cdna3"),
        ("MI355X", "cdna4"),
    ],
)
def test_a_performance_model_can_tell_the_classes_apart(name: str, expected: str) -> None:
    assert find_gpu(name).performance_class == expected


def test_only_the_gb10_shares_its_memory_with_the_cpu() -> None:
    assert [gpu.name for gpu in gpus() if gpu.unified_memory] == ["GB10 (DGX Spark)"]


@pytest.mark.parametrize(
    ("name", "vram_gb"),
    [
        ("H100", 80),
        ("H100", 79.65),  # nvidia-smi's MiB / 1024
        ("H100", 79.19),  # CUDA's total
        ("H100", 79.1),
        ("L4", 24),
        ("L4", 22.5),
        ("B200", 180),
        ("B200", 192),
        ("MI250", 64),
        ("MI250", 128),  # the board; ROCm shows its dies
        ("GB10", 128),
    ],
)
def test_the_vendor_s_figure_stands_for_the_memory_the_card_really_gives(
    name: str, vram_gb: float
) -> None:
    gpu = find_gpu(name)
    assert usable_memory_bytes(gpu, vram_gb=vram_gb) == gpu.memory_bytes


@pytest.mark.parametrize(
    ("name", "vram_gb", "expected_gib"),
    [("H100", 40, 39.52), ("H100", 96, 95.44), ("RTX 4090", 48, 47.51), ("MI300X", 96, 95.69)],
)
def test_another_figure_wins_over_the_catalogue(
    name: str, vram_gb: float, expected_gib: float
) -> None:
    assert gib(usable_memory_bytes(find_gpu(name), vram_gb=vram_gb)) == expected_gib


def test_usable_gib_are_taken_to_the_byte_and_win() -> None:
    h100 = find_gpu("H100")
    assert usable_memory_bytes(h100, vram_gib=63.5, vram_gb=80) == round(63.5 * GIB)


@pytest.mark.parametrize("figure", [0, -1, float("nan"), float("inf"), 1e9])
def test_a_memory_that_no_gpu_has_is_refused_by_the_setting_s_name(figure: float) -> None:
    h100 = find_gpu("H100")
    with pytest.raises(InputError, match=r"hardware\.vram_gib is"):
        usable_memory_bytes(h100, vram_gib=figure)
    with pytest.raises(InputError, match=r"hardware\.vram_gb is"):
        usable_memory_bytes(h100, vram_gb=figure)


@given(st.sampled_from(gpus()), st.floats(1, 400), st.floats(0, 50))
def test_more_stated_memory_never_means_less(gpu: Gpu, vram_gb: float, more: float) -> None:
    if gpu.vram_gb_also or gpu.architecture in {"volta", "turing"}:
        return  # a second marketing figure, an older driver's smaller share: steps by design
    less = usable_memory_bytes(gpu, vram_gb=vram_gb)
    assert less <= usable_memory_bytes(gpu, vram_gb=vram_gb + more) * 1.02


def test_the_driver_s_share_never_turns_memory_negative() -> None:
    assert reported_memory_bytes(100) == 0
