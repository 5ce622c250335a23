"""Which of a repository's files matter, and which of them are the weights."""

import pytest

from replanner.planning.model_files import UpstreamFile, matters, sole_gguf_bytes, weight_files


def files(*paths: str) -> list[UpstreamFile]:
    return [UpstreamFile(path, "size:10", 10) for path in paths]


@pytest.mark.parametrize(
    "path",
    [
        "config.json",
        "README.md",
        "LICENSE",
        "modeling_tiny.py",
        "chat_template.jinja",
        "model-00001-of-00002.safetensors",
        "tokenizer/vocab.txt",
        "additional_chat_templates/tools.jinja",
    ],
)
def test_what_is_served_or_read_matters(path: str) -> None:
    assert matters(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".gitattributes",
        ".cache/x.json",
        "original/consolidated.00.pth",
        "onnx/model.onnx",
        "assets/a/b.json",
        "benchmark.PNG",
    ],
)
def test_pictures_other_formats_and_git_files_do_not(path: str) -> None:
    assert not matters(path)


@pytest.mark.parametrize(
    ("held", "loaded"),
    [
        (["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (["consolidated.safetensors", "model.safetensors"], ["model.safetensors"]),
        (["consolidated.safetensors"], ["consolidated.safetensors"]),
        (["pytorch_model.bin", "training_args.bin", "scheduler.pt"], ["pytorch_model.bin"]),
        (["model.pt"], ["model.pt"]),
        (["original/model.safetensors", "config.json"], []),
    ],
)
def test_the_weights_are_the_files_that_vllm_would_load(held: list[str], loaded: list[str]) -> None:
    assert [file.path for file in weight_files(files(*held))] == loaded


@pytest.mark.parametrize(
    ("held", "size"),
    [
        (["m-Q4_K_M.gguf", "mmproj-F16.gguf"], 10),
        (["m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf"], 20),
        (["m-Q4_K_M.gguf", "m-Q8_0.gguf"], None),
        (["config.json"], None),
    ],
)
def test_gguf_files_have_a_size_where_they_are_one_model(held: list[str], size: int | None) -> None:
    assert sole_gguf_bytes(files(*held)) == size
