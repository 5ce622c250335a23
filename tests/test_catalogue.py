"""The catalogue's data: complete, sourced, and free of names that mean two things."""

import json
import re
from pathlib import Path

import pytest

from replanner import catalogue
from replanner.errors import InputError
from replanner.planning.hardware import find_gpu, reported_memory_bytes
from replanner.planning.units import GIB

GPUS = catalogue.load("gpus")
ROWS = GPUS["gpus"]
INSTANCES = catalogue.load("instances")
BASES = {"measured", "datasheet", "estimate", "unverified"}
FORMATS = {"bf16", "fp16", "fp8", "fp4", "int8"}


def ids(rows: list[dict[str, object]]) -> list[str]:
    return [str(row["name"]) for row in rows]


def test_a_file_is_read_once() -> None:
    assert catalogue.load("gpus") is GPUS


@pytest.mark.parametrize("name", ["nothing", "../pyproject", "/etc/passwd", "vllm/../gpus", ""])
def test_a_name_outside_the_catalogue_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="catalogue holds no"):
        catalogue.load(name)


@pytest.mark.parametrize("name", ["gpus", "instances"])
def test_rows_stand_on_one_line_each(name: str) -> None:
    text = (Path(catalogue.__file__).parent / f"{name}.json").read_text(encoding="utf-8")
    rows = json.loads(text)[name]
    assert len(re.findall(r"^  \{.*\},?$", text, re.MULTILINE)) == len(rows)


def test_it_knows_both_makers_and_many_gpus() -> None:
    assert len(ROWS) >= 60
    assert {row["vendor"] for row in ROWS} == {"nvidia", "amd"}


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_every_gpu_row_is_sourced_and_plausible(row: dict[str, object]) -> None:
    sources, basis, tflops = row["sources"], row["basis"], row["tflops"]
    assert isinstance(sources, dict)
    assert isinstance(basis, dict)
    assert isinstance(tflops, dict)
    assert set(sources.values()) <= set(GPUS["sources"])
    assert set(basis) == {"memory", "spec"}
    assert set(basis.values()) <= BASES
    assert ("cuda" in sources) == ("cuda_gib" in row) == (basis["memory"] == "measured")
    assert ("nvidia_smi" in sources) == ("nvidia_smi_mib" in row)
    assert tflops.keys() <= FORMATS
    assert {"bf16", "fp16"} & tflops.keys()
    assert (row["vendor"] == "nvidia") == ("compute_capability" in row)


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_every_gpu_holds_about_what_its_maker_says(row: dict[str, object]) -> None:
    gpu = find_gpu(str(row["name"]))
    # ECC takes 1/16 of GDDR6 (A10, L4: 24 GB become 22 GiB); HBM3e is sold in decimal GB.
    assert 0.9 * gpu.vram_gb <= gpu.memory_bytes / GIB <= gpu.vram_gb


def test_the_driver_s_share_agrees_with_every_sourced_pair_since_ampere() -> None:
    pairs = [
        (row["name"], reported_memory_bytes(row["nvidia_smi_mib"]) / GIB, row["cuda_gib"])
        for row in ROWS
        if row["sources"].get("nvidia_smi", "unverified") != "unverified"
        and "cuda_gib" in row
        and row["architecture"] not in {"volta", "turing"}
    ]
    assert len(pairs) >= 15
    assert [name for name, ours, theirs in pairs if abs(ours / theirs - 1) > 0.003] == []


def test_no_spelling_means_two_gpus() -> None:
    spellings = [
        (spelling, row["name"])
        for row in ROWS
        for spelling in (row["name"], *row.get("aliases", ()), *row.get("labels", ()))
    ]
    assert len({spelling.lower() for spelling, _ in spellings}) == len(spellings)
    assert [(s, name) for s, name in spellings if find_gpu(s).name != name] == []


def test_ambiguous_names_are_no_alias_and_name_known_rows_of_different_sizes() -> None:
    names = {row["name"] for row in ROWS}
    aliases = {alias.lower() for row in ROWS for alias in row.get("aliases", ())}
    for name, meant in GPUS["ambiguous"].items():
        assert name.lower() not in aliases
        assert set(meant) <= names
        assert len({find_gpu(one).vram_gb for one in meant}) == len(meant)


@pytest.mark.parametrize("row", INSTANCES["instances"], ids=lambda row: row["instance"])
def test_every_instance_names_a_gpu_of_the_catalogue(row: dict[str, object]) -> None:
    assert find_gpu(str(row["gpu"])).name == row["gpu"]
    assert isinstance(row["count"], int)
    assert row["count"] >= 1
    assert row["source"] in INSTANCES["sources"]
    assert ("price_usd_h" in row) == ("price_date" in row)


def test_no_instance_is_listed_twice() -> None:
    keys = [(row["cloud"], row["instance"]) for row in INSTANCES["instances"]]
    assert len(set(keys)) == len(keys)
