"""Decides what `replanner init` writes: a profile, its schema, the configuration, a workflow."""

import json
import re
from typing import Final

from replanner.errors import InputError
from replanner.profile import fields as of
from replanner.profile.editor_schema import config_schema, json_schema
from replanner.profile.repo_config import REPO_CONFIG_PATH
from replanner.profile.scalars import write_scalar

SCHEMA_PATH: Final = ".github/replanner.schema.json"
_CONFIG_SCHEMA: Final = "replanner.config.schema.json"  # beside the configuration
CONFIG_SCHEMA_PATH: Final = f".github/{_CONFIG_SCHEMA}"
WORKFLOW_PATH: Final = ".github/workflows/replanner.yml"
# Small enough for most GPUs and not gated, so that the first plan needs no account.
_MODEL: Final = "Qwen/Qwen3-8B"
_GPU: Final = "L40S"

_PROFILE: Final = """\
# yaml-language-server: $schema=../{schema}
# What to deploy, on what, for which traffic. A key that is left out, or null, is chosen for you.
profile_version: 1

model:
  id: {model}
  revision: main  # the branch, tag or commit that is followed
  # dtype: auto  # auto, bfloat16, float16, float32
  # quantization: none
  # kv_cache_dtype: auto  # fp8 halves the KV cache
  # max_model_len: 32768

hardware:
  gpu_name: {gpu}  # auto asks nvidia-smi
  gpus: 1
  # tp_size: 1

workload:
  prompt_tokens: 512
  gen_tokens: 256
  concurrency: 8
  # mode: balanced  # throughput, latency, balanced

policy:
  headroom_gb: 1.0
  # gpu_memory_utilization: 0.92

engine:
  vllm_version: "0.33.0"
  # max_num_seqs: 256

outputs:
  emit: [command, compose, k8s, profile]
  # vllm_args: {{enable-prefix-caching: true}}  # further flags, passed on as they are
"""

_CONFIG: Final = f"""\
# yaml-language-server: $schema={_CONFIG_SCHEMA}
# Which files are profiles, and what their plans must keep. All of it is optional.
profiles: ["profiles/**/*.yaml", "profiles/**/*.yml"]

# policy:
#   min_concurrency: 8          # requests of full length at once
#   max_throughput_drop: 0.1    # a tenth less than before is still accepted
#   min_headroom_gib: 1.0

# overrides:
#   - profiles: ["profiles/prod/**"]
#     policy: {{min_concurrency: 32}}
"""

_WORKFLOW: Final = """\
# Plans every pull request, comments on what changes, and fails where a deployment would break.
# `your_org` stands for the owner of the Action that you use.
name: replanner

on:
  # What can change the verdict. No `paths:`: a required check would stay pending for ever.
  pull_request:
    types: [opened, synchronize, reopened, ready_for_review]
  merge_group:

permissions: {}

concurrency:
  group: replanner-${{ github.event.pull_request.number || github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

jobs:
  plan:
    name: plan
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      contents: read  # profiles and plans are read through the API; nothing is checked out
      pull-requests: write  # the comment and suggestions
    steps:
      - uses: your_org/replanner@v0  # zizmor: ignore[unpinned-uses] better: a release's commit
        with:
          fail-on: policy
          hf-token: ${{ secrets.HF_TOKEN }}  # gated models; empty for forks and Dependabot
"""


def starter_files(*, model_id: str | None, gpu_name: str | None) -> dict[str, str]:
    """Path and text of every file that a repository needs to begin with."""
    model = _checked("model id", model_id or _MODEL)
    profile = _PROFILE.format(
        schema=SCHEMA_PATH,
        model=write_scalar(model),
        gpu=write_scalar(_checked("gpu name", gpu_name or _GPU)),
    )
    return {
        f"profiles/{_slug(model)}.yaml": profile,
        SCHEMA_PATH: json.dumps(json_schema(), indent=2) + "\n",
        CONFIG_SCHEMA_PATH: json.dumps(config_schema(), indent=2) + "\n",
        REPO_CONFIG_PATH: _CONFIG,
        WORKFLOW_PATH: _WORKFLOW,
    }


def _checked(what: str, value: str) -> str:
    try:
        return of.check_model_id(value) if what == "model id" else of.check_text(value)
    except ValueError as error:
        raise InputError(f"{what} {error}") from None


def _slug(model_id: str) -> str:
    """A file name for the model: the last part of its id, in lower case."""
    last = re.sub(r"[^a-z0-9._-]+", "-", model_id.rstrip("/").rpartition("/")[2].lower())
    return last.strip(".-_")[:100] or "model"
