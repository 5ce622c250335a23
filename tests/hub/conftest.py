"""The Hub that the tests ask: our own stub, and the independent server where it is at hand."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from asked_hub import Hub
from checkpoints import CONFIG, INDEX, TENSORS, changed, header
from hub_stub import serving
from peers import peer, running

MODELS: dict[str, list[dict[str, bytes]]] = {
    "acme/tiny": [
        {
            "config.json": config,
            "README.md": b"# tiny\n",
            "tokenizer/vocab.txt": b"a\n",
            "model.safetensors.index.json": INDEX,
        }
        for config in (CONFIG, changed(max_position_embeddings=4096))
    ],
    "acme/single": [{"config.json": CONFIG, "hf_quant_config.json": b'{"producer": {}}'}],
    "acme/moving": [{"config.json": CONFIG}],
    "acme/bare": [{"README.md": b"# no config\n"}],
    "acme/gguf": [{"README.md": b"# gguf\n", "tiny-Q4_K_M.gguf": b"GGUF"}],
    "acme/list": [{"config.json": b"[1]"}],
}


def _stub(stack: ExitStack, _: Path) -> Hub:
    stub = stack.enter_context(serving())
    commits: dict[str, list[str]] = {}
    for model, revisions in MODELS.items():
        for number, files in enumerate(revisions):
            held = {path: (data, len(data)) for path, data in files.items()}
            if model == "acme/single":
                held["model.safetensors"] = header(TENSORS)
            refs = ["main", "feature/x", *(["v1.0"] if number == 0 else [])]
            commits.setdefault(model, []).append(stub.add(model, held, *refs))
    return Hub(f"http://127.0.0.1:{stub.server_port}", commits)


def _hub_server(stack: ExitStack, folder: Path) -> Hub:
    program = peer("hub-server")
    commits = {}
    for model, revisions in MODELS.items():
        sources = [folder / model / f"revision{number}" for number in range(len(revisions))]
        for source, files in zip(sources, revisions, strict=True):
            _write(source, files)
            if model == "acme/single":
                _write(source, {"model.safetensors.json": json.dumps(TENSORS).encode()})
        make = [sys.executable, peer("hub/make_model_repo.py"), folder / "models", model, *sources]
        made = subprocess.run(
            [*make, "--tag", "v1.0", "--branch", "feature/x"],
            check=True,
            capture_output=True,
            text=True,
        )
        commits[model] = made.stdout.split()
    return Hub(stack.enter_context(running(program, folder / "models")), commits)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


_SERVERS = {"stub": _stub, "hub-server": _hub_server}


@pytest.fixture(scope="session", params=list(_SERVERS))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    with ExitStack() as stack:
        yield _SERVERS[request.param](stack, tmp_path_factory.mktemp("hub"))


@pytest.fixture
def hub(server: Hub) -> Hub:
    server.tool("PUT", "faults", {})
    return server
