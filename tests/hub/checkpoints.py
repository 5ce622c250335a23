"""Small models for the tests of this folder: files of real shape, and no weights."""

import json
import struct

BYTES = {"BF16": 2, "F32": 4, "F8_E4M3": 1}

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 256,
    "max_position_embeddings": 2048,
}
CONFIG = json.dumps(LLAMA).encode()
INDEX = json.dumps(
    {
        "metadata": {"total_size": 6_553_612_288},
        "weight_map": {
            "a": "model-00001-of-00002.safetensors",
            "b": "model-00001-of-00002.safetensors",
            "c": "model-00002-of-00002.safetensors",
        },
    }
).encode()
TENSORS = {"embed": ("BF16", (50_000, 65_536)), "norm": ("F32", (64,))}
TENSOR_BYTES = 50_000 * 65_536 * 2 + 64 * 4


def header(tensors: dict[str, tuple[str, tuple[int, ...]]]) -> tuple[bytes, int]:
    """The first bytes of a safetensors file, and the size that the whole file would have."""
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, (dtype, shape) in tensors.items():
        size = BYTES[dtype]
        for n in shape:
            size *= n
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text, 8 + len(text) + offset


def changed(**values: object) -> bytes:
    return json.dumps({**LLAMA, **values}).encode()
