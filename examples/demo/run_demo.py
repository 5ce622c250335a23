"""The whole loop on one machine, without a GPU, an account or the network.

Builds a git repository with three profiles and a local hub with three models of real dimensions,
takes over the first plans, moves a model and edits a profile, shows what is proposed, and that a
second run has nothing to add. Everything goes through the `replanner` command.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from replanner.hub.folder import commit_model

MARKER = ".replanner-demo"
DIM, PLAIN = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")

# Dimensions as the publishers' config.json files have them.
LLAMA_8B = {
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
MIXTRAL_8X7B = {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "vocab_size": 32000,
    "max_position_embeddings": 32768,
    "torch_dtype": "bfloat16",
}
MIXTRAL_FP8 = {
    **MIXTRAL_8X7B,
    "quantization_config": {"quant_method": "fp8", "activation_scheme": "dynamic"},
}
QWEN3_30B_A3B = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "moe_intermediate_size": 768,
    "num_hidden_layers": 48,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "decoder_sparse_step": 1,
    "norm_topk_prob": True,
    "mlp_only_layers": [],
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "torch_dtype": "bfloat16",
}
# Parameters x bytes per weight: 8.03 B x 2, 46.7 B x 1 (and x 2), 30.5 B x 2.
MODELS: Mapping[str, tuple[Mapping[str, object], int]] = {
    "demo/llama-3.1-8b": (LLAMA_8B, 16_060_522_496),
    "demo/mixtral-8x7b": (MIXTRAL_FP8, 46_968_000_512),
    "demo/qwen3-30b-a3b": (QWEN3_30B_A3B, 61_064_245_248),
}
PROFILES = {
    "profiles/assistant.yaml": """\
# The helpdesk's assistant.
profile_version: 1
model:
  id: demo/llama-3.1-8b
  max_model_len: 32768
hardware:
  gpu_name: L40S
workload:
  concurrency: 16
""",
    "profiles/summaries.yaml": """\
profile_version: 1
model:
  id: demo/mixtral-8x7b
hardware:
  gpu_name: L40S
  gpus: 2
workload:
  prompt_tokens: 6000
  gen_tokens: 400
  concurrency: 8
""",
    "profiles/eu/search.yaml": """\
profile_version: 1
model:
  id: demo/qwen3-30b-a3b
hardware:
  gpu_name: H100
workload:
  concurrency: 32
  mode: throughput
outputs:
  emit: [docker, k8s]
""",
}


class Demo:
    """A folder with the repository and the hub, and the commands that are run in it."""

    def __init__(self, folder: Path) -> None:
        self.repo = folder / "repo"
        self.hub = folder / "hub"
        self._env = {
            **os.environ,
            **{f"GIT_{role}_NAME": "Demo" for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": "demo@example.org" for role in ("AUTHOR", "COMMITTER")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PYTHONIOENCODING": "utf-8",
        }

    def publish(self, model_id: str, config: Mapping[str, object], weight_bytes: int) -> None:
        """A new revision of a model in the local hub, as far as planning reads it."""
        index = {"metadata": {"total_size": weight_bytes}, "weight_map": {"w": "w.safetensors"}}
        files = {"config.json": config, "model.safetensors.index.json": index}
        commit_model(
            self.hub,
            model_id,
            {name: json.dumps(content, indent=1).encode() for name, content in files.items()},
        )

    def write(self, path: str, text: str) -> None:
        file = self.repo / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def git(self, *arguments: str, quiet: bool = False) -> str:
        return self._run(["git", *arguments], quiet=quiet)

    def replanner(self, *arguments: str, quiet: bool = False) -> str:
        command = [sys.executable, "-m", "replanner", *arguments]
        return self._run(command, shown=["replanner", *arguments], quiet=quiet)

    def branches(self) -> list[str]:
        names = self.git(
            "for-each-ref", "--format=%(refname:short)", "refs/heads/replanner", quiet=True
        )
        return names.split()

    def _run(
        self,
        command: list[str],
        *,
        shown: list[str] | None = None,
        quiet: bool = False,
    ) -> str:
        done = subprocess.run(
            command, cwd=self.repo, env=self._env, capture_output=True, check=False
        )
        told = (done.stdout + done.stderr).decode("utf-8", "replace")
        if not quiet:
            say(f"{DIM}$ {' '.join(shown or command)}{PLAIN}\n{told}")
        if done.returncode:
            sys.exit(f"the demo stopped: {command[-1]} ended with {done.returncode}\n{told}")
        return done.stdout.decode("utf-8", "replace")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def headline(text: str) -> None:
    say(f"{DIM}== {text}{PLAIN}\n")


def build(demo: Demo) -> None:
    """The repository with its profiles, and the models they name."""
    demo.repo.mkdir(parents=True)
    demo.hub.mkdir()
    for model_id, (config, weight_bytes) in MODELS.items():
        demo.publish(model_id, config, weight_bytes)
    for path, text in PROFILES.items():
        demo.write(path, text)
    demo.git("init", "-q", "-b", "main", quiet=True)
    demo.git("add", "profiles", quiet=True)
    demo.git("commit", "-q", "-m", "Describe three deployments", quiet=True)


def first_plans(demo: Demo) -> None:
    headline("A profile says what is wanted; a plan says whether it fits, and how fast it is")
    demo.replanner("plan", "profiles/assistant.yaml", "--hub", "../hub")
    headline("Every profile's files are proposed: a branch and a pull request per model")
    demo.replanner("replan", "--hub", "../hub")
    headline("Accept them")
    for branch in demo.branches():
        demo.git("merge", "-q", "--no-ff", "--no-edit", branch)
    demo.replanner("check", "--hub", "../hub")
    demo.replanner("replan", "--hub", "../hub")


def something_moves(demo: Demo) -> None:
    headline("Mixtral's publisher replaces the FP8 weights by BF16; a colleague wants more users")
    demo.publish("demo/mixtral-8x7b", MIXTRAL_8X7B, 93_405_585_408)
    edited = PROFILES["profiles/assistant.yaml"].replace("concurrency: 16", "concurrency: 32")
    demo.write("profiles/assistant.yaml", edited)
    demo.git("commit", "-q", "-a", "-m", "Twice the users for the assistant", quiet=True)
    demo.replanner("replan", "--hub", "../hub")


def look(demo: Demo) -> None:
    headline("The pull request about Mixtral, and what it would change")
    branch = next(name for name in demo.branches() if "mixtral" in name)
    name = branch.removeprefix("replanner/")
    say((demo.repo / f".git/replanner/proposals/{name}.md").read_text(encoding="utf-8"))
    demo.git("diff", "--stat", f"main...{branch}")
    demo.git("diff", "-U0", f"main...{branch}", "--", "deploy/summaries/serve_command.sh")


def second_run(demo: Demo) -> None:
    headline("The same inputs again: nothing to add")
    demo.replanner("replan", "--hub", "../hub")
    steps = json.loads(demo.replanner("replan", "--hub", "../hub", "--json", quiet=True))["steps"]
    if steps:
        sys.exit(f"the demo failed: a second run wanted to do {steps}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("demo-repo"), metavar="DIR")
    folder: Path = parser.parse_args().into.absolute()
    if folder.exists() and not (folder / MARKER).exists():
        sys.exit(f"{folder} is there already and no demo; name another folder with --into.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    demo = Demo(folder)
    for part in (build, first_plans, something_moves, look, second_run):
        part(demo)
    headline(f"Look around in {demo.repo}; proposals lie in .git/replanner/proposals")
    return 0


if __name__ == "__main__":
    sys.exit(main())
