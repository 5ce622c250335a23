"""A repository with profiles, a local hub with models, and runs of the loop between them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitting import Repo

from replanner.errors import UpstreamError
from replanner.forge.local import LocalForge
from replanner.forge.trees import WorkingTree
from replanner.hub.folder import LocalHub, commit_model
from replanner.planning.model_files import ModelFiles
from replanner.propose import Shown
from replanner.replan import CheckReport, Judged, Options, Replanned, check, replan
from replanner.resolve import Hub

SMALL: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}
LARGE = {
    **SMALL,
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
}
LLAMA, OTHER = "acme/llama", "acme/other"
CHAT = "profiles/chat.yaml"


def profile(model: str = LLAMA, **hardware: object) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in hardware.items())
    return f"profile_version: 1\nmodel:\n  id: {model}\nhardware:\n  gpu_name: H100\n{lines}"


@dataclass(frozen=True)
class World:
    repo: Repo
    hub_dir: Path

    def model(
        self, config: Mapping[str, object] = SMALL, model_id: str = LLAMA, **files: bytes
    ) -> str:
        content = {"config.json": json.dumps(config).encode(), **files}
        return commit_model(self.hub_dir, model_id, content)

    @property
    def hub(self) -> Hub:
        return LocalHub(self.hub_dir)

    def run(self, hub: Hub | None = None, **options: Any) -> Replanned:
        return replan(LocalForge.at(self.repo.root), hub or self.hub, Options(**options))

    def check(self, hub: Hub | None = None, **options: Any) -> CheckReport:
        return check(WorkingTree(self.repo.root), hub or self.hub, **options)

    def accept(self, result: Replanned) -> None:
        """Merge what was proposed, as people would; the next run tidies up."""
        for one in result.proposals:
            self.repo.git("merge", "-q", "--no-ff", "-m", "merge", one.branch)
        self.run()

    def proposals(self) -> list[Shown]:
        return LocalForge.at(self.repo.root).files.read_all()


def kinds(result: Replanned) -> list[str]:
    return [type(step).__name__ for step in result.steps]


def only(result: Replanned) -> Judged:
    (judged,) = result.judged
    return judged


class Broken:
    """A hub that cannot be reached, or refuses, for the models named."""

    def __init__(self, hub: Hub, *models: str, error: Exception | None = None) -> None:
        self._hub, self._models = hub, models
        self._error = error or UpstreamError("the Hub did not answer.")

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        if model_id in self._models:
            raise self._error
        return self._hub.fetch(model_id, revision, commit=commit)

    def resolve(self, model_id: str, revision: str) -> str | None:
        return self._hub.resolve(model_id, revision)

    def committed_at(self, model_id: str, commit: str) -> int | None:
        return self._hub.committed_at(model_id, commit)
