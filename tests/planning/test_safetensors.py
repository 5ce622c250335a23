"""What safetensors say about themselves is read exactly; what makes no sense is not believed."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import UnsupportedModel
from replanner.planning.safetensors import header_length, parse_header, parse_index

LABEL = "model.safetensors of acme/tiny"


def head(table: object) -> bytes:
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text


def index(weight_map: object, **metadata: Any) -> bytes:
    return json.dumps({"metadata": metadata, "weight_map": weight_map}).encode()


def tensor(**changes: Any) -> dict[str, Any]:
    return {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12], **changes}


def test_a_header_says_types_shapes_and_the_sum() -> None:
    rows = {
        "__metadata__": {"format": "pt"},
        "a": tensor(),
        "b": tensor(dtype="F32", shape=[], data_offsets=[12, 16]),
    }
    found = parse_header(head(rows) + b"\0" * 16, LABEL, file_name="model.safetensors")
    assert found.total_bytes == 16
    assert found.tensors == {"a": ("BF16", (2, 3)), "b": ("F32", ())}
    assert found.file_names == ("model.safetensors",)


def test_an_index_says_files_and_total() -> None:
    found = parse_index(index({"a": "2.safetensors", "b": "1.safetensors"}, total_size=7), LABEL)
    assert found.file_names == ("1.safetensors", "2.safetensors")
    assert found.total_bytes == 7


@pytest.mark.parametrize("size", [None, "7", True, -1, 0, 1.5, [7], 2**63, 10**39])
def test_a_total_that_makes_no_sense_counts_as_left_out(size: object) -> None:
    assert parse_index(index({"a": "1"}, total_size=size), LABEL).total_bytes is None


def test_a_total_written_as_a_float_is_read() -> None:
    assert parse_index(index({"a": "1"}, total_size=7.0), LABEL).total_bytes == 7


def test_an_index_without_metadata_is_read() -> None:
    found = parse_index(b'{"weight_map": {"a": "1"}, "metadata": []}', LABEL)
    assert found.total_bytes is None


@pytest.mark.parametrize("weight_map", [None, {}, [], "x", {"a": 1}, {"a": "x", "b": None}])
def test_an_index_without_file_names_is_refused(weight_map: object) -> None:
    with pytest.raises(UnsupportedModel, match="weight_map"):
        parse_index(index(weight_map), LABEL)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        tensor(dtype=None),
        tensor(shape=None),
        tensor(shape=[1.5]),
        tensor(shape=[-1]),
        tensor(shape=[True]),
        tensor(shape=[2**63]),
        tensor(data_offsets=[12, 0]),
        tensor(data_offsets=[0]),
        tensor(data_offsets="01"),
    ],
)
def test_a_tensor_that_makes_no_sense_is_refused(entry: object) -> None:
    with pytest.raises(UnsupportedModel, match="makes no sense"):
        parse_header(head({"a": entry}), LABEL, file_name="x")


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 7, b"\0" * 8, b"\xff" * 8, struct.pack("<Q", 100_000_001)]
)
def test_what_is_no_safetensors_file_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedModel, match="is no safetensors file"):
        header_length(data, LABEL)


def test_a_file_that_ends_within_its_header_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match="ends within its header"):
        parse_header(head({"a": tensor()})[:-1], LABEL, file_name="x")


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), st.fixed_dictionaries({"dtype": JSON, "shape": JSON}) | JSON))
def test_no_header_is_a_traceback(table: dict[str, Any]) -> None:
    try:
        found = parse_header(head(table), LABEL, file_name="x")
    except UnsupportedModel:
        return
    assert found.total_bytes is not None


@given(st.dictionaries(st.sampled_from(["weight_map", "metadata"]), JSON))
def test_no_index_is_a_traceback(document: dict[str, Any]) -> None:
    try:
        found = parse_index(json.dumps(document).encode(), LABEL)
    except UnsupportedModel:
        return
    assert found.file_names


@given(st.binary(max_size=300))
def test_no_bytes_are_a_traceback(data: bytes) -> None:
    with pytest.raises(UnsupportedModel):
        parse_header(data, LABEL, file_name="x")
