"""What a vLLM release does by default."""

import pytest

from replanner.errors import InputError
from replanner.planning.units import GIB
from replanner.planning.versions import (
    Device,
    at_least,
    default_batching,
    default_utilization,
    parse_version,
    uses_v1_engine,
)

H100 = Device("H100 SXM", int(79.19 * GIB), (9, 0))
A100 = Device("A100 80GB SXM", int(79.25 * GIB), (8, 0))
B200 = Device("B200 SXM", int(178.36 * GIB), (10, 0))
L4 = Device("L4", int(22.04 * GIB), (8, 9))
T4 = Device("T4", int(14.74 * GIB), (7, 5))
SPARK = Device("GB10 (DGX Spark)", int(121.69 * GIB), (12, 1))


@pytest.mark.parametrize(
    ("version", "device", "tokens", "seqs"),
    [
        ("0.33.0", H100, 8192, 1024),
        ("0.33.0", B200, 16384, 1024),
        ("0.25.0", B200, 8192, 1024),  # the tier of 160 GiB came with 0.29
        ("0.33.0", L4, 2048, 256),
        ("0.33.0", A100, 2048, 256),  # large enough, kept small by its name
        ("0.9.0", A100, 8192, 1024),  # that exception came with 0.11
        ("0.33.0", SPARK, 2048, 256),  # as GB10 is by its compute capability
    ],
)
def test_the_scheduler_defaults_are_those_of_the_release_and_the_device(
    version: str, device: Device, tokens: int, seqs: int
) -> None:
    batching = default_batching(version, device, 32768)
    assert (batching.max_num_batched_tokens, batching.max_num_seqs) == (tokens, seqs)


@pytest.mark.parametrize(
    ("version", "length", "tokens"),
    [("0.6.0", 4096, 4096), ("0.6.0", 1024, 2048), ("0.6.0", 65536, 512), ("0.7.3", 65536, 2048)],
)
def test_the_v0_engine_takes_a_whole_prompt_unless_it_is_longer_than_32k(
    version: str, length: int, tokens: int
) -> None:
    batching = default_batching(version, H100, length)
    assert (batching.max_num_batched_tokens, batching.max_num_seqs) == (tokens, 256)


@pytest.mark.parametrize(("length", "tokens"), [(32768, 32768), (32769, 2048)])
def test_one_token_above_32k_is_the_first_to_be_chunked(length: int, tokens: int) -> None:
    assert default_batching("0.6.6", L4, length).max_num_batched_tokens == tokens


@pytest.mark.parametrize(
    ("version", "capability", "engine"),
    [
        ("0.7.3", (9, 0), "V0"),
        ("0.8.0", (9, 0), "V1"),
        ("0.8.0", (8, 0), "V1"),
        ("0.8.5", T4.capability, "V0"),
        ("0.11.0", T4.capability, "V1"),
        ("0.8.5", None, "V1"),
    ],
)
def test_the_engine_is_v1_from_0_8_and_on_old_gpus_from_0_11(
    version: str, capability: tuple[int, int] | None, engine: str
) -> None:
    assert uses_v1_engine(version, capability) == (engine == "V1")


def test_utilization_changed_with_0_20() -> None:
    assert default_utilization("0.19.1") == 0.9
    assert default_utilization("0.20.0") == 0.92


@pytest.mark.parametrize("text", ["0.33.0", "0.10.2rc1", "0.8.5.post1", "0.19.0+cu130"])
def test_releases_and_their_variants_are_versions(text: str) -> None:
    assert parse_version(text)[0] == 0


@pytest.mark.parametrize("text", ["", "latest", "0.33", "v0.33.0", "0.33.0; rm -rf", "9" * 400])
def test_what_is_no_release_is_one_clear_error(text: str) -> None:
    with pytest.raises(InputError, match=r"is no vLLM release\."):
        parse_version(text)


def test_releases_compare_by_number() -> None:
    assert at_least("0.10.0", "0.9.2")
    assert not at_least("0.9.2", "0.10.0")
