"""Published configurations, planned and started on vLLM's own engine configuration.

`REPLANNER_TRUTH` is the folder that holds them; without it, or without vLLM, this is skipped.
"""

import json
import os
import subprocess

import pytest
from peers import ROOT, peer

from replanner.hub.folder import FolderHub
from replanner.profile import build_profile
from replanner.render import serve_argv
from replanner.resolve import Place, Planner

TRUTH = (ROOT / (os.environ.get("REPLANNER_TRUTH") or "../shared/truth")).resolve()
# One or more of every mechanism that vLLM's configuration reads on a machine without a GPU.
MODELS = (
    "01-ai__Yi-6B-Chat",
    "HuggingFaceTB__SmolLM3-3B",
    "LargeWorldModel__LWM-Text-Chat-1M",
    "LGAI-EXAONE__EXAONE-4.0-32B",
    "MiniMaxAI__MiniMax-M2.5",
    "Qwen__Qwen1.5-0.5B-Chat",
    "Qwen__Qwen2-72B-Instruct",
    "Qwen__Qwen2.5-32B-Instruct-GPTQ-Int4",
    "Qwen__Qwen2.5-3B",
    "Qwen__Qwen2.5-72B-Instruct-AWQ",
    "Qwen__Qwen3-235B-A22B-FP8",
    "Qwen__Qwen3-30B-A3B",
    "Qwen__Qwen3-32B-FP8",
    "Qwen__Qwen3-4B",
    "Qwen__Qwen3-Next-80B-A3B-Instruct",
    "RedHatAI__Meta-Llama-3.1-70B-Instruct-quantized.w4a16",
    "RedHatAI__Meta-Llama-3.1-70B-Instruct-quantized.w8a8",
    "ai21labs__Jamba-v0.1",
    "allenai__OLMo-2-1124-13B",
    "bigcode__starcoder2-7b",
    "bigscience__bloom-560m",
    "deepseek-ai__DeepSeek-V2-Lite",
    "deepseek-ai__DeepSeek-V3-Base",
    "facebook__opt-6.7b",
    "google__gemma-2-9b",
    "google__gemma-3-1b-it",
    "google__gemma-7b",
    "ibm-granite__granite-3.3-8b-instruct",
    "ibm-granite__granite-4-8b-dense-hybrid",
    "meta-llama__Llama-2-13b-chat-hf",
    "meta-llama__Llama-3.1-70B-Instruct",
    "meta-llama__Meta-Llama-3.1-8B",
    "microsoft__Phi-3.5-MoE-instruct",
    "microsoft__phi-4",
    "mistralai__Mistral-7B-Instruct-v0.2",
    "mistralai__Mixtral-8x7B-v0.1",
    "nvidia__Qwen3-235B-A22B-NVFP4",
    "openai__gpt-oss-120b",
    "openai__gpt-oss-20b",
    "openai-community__gpt2",
    "tiiuae__falcon-7b",
    "zai-org__GLM-4.5-Air",
)


def test_what_is_planned_for_published_models_is_what_vllm_accepts_and_resolves() -> None:
    folder = TRUTH / "engine-configs"
    if not folder.is_dir():
        pytest.skip(f"no configurations in {folder} (set REPLANNER_TRUTH)")
    parse = peer("vllm-parse", needs=["vllm/venv/bin/python"])
    planner = Planner(FolderHub(folder))
    configs, cases = [], []
    for model in MODELS:
        document = {
            "profile_version": 1,
            "model": {"id": f"./{model}"},
            "hardware": {"gpu_name": "H100", "gpus": 1 if "falcon" in model else 4},
        }
        plan = planner.record(build_profile(document, name=model), Place(model, model)).plan
        configs.append(plan.config)
        config_file = str(folder / model / "config.json")
        cases.append(json.dumps({"argv": serve_argv(plan.config), "config": config_file}))
    assert len(cases) >= 40
    done = subprocess.run(
        [parse], input="\n".join(cases) + "\n", capture_output=True, text=True, check=False
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    refused = {m: a["error"] for m, a in zip(MODELS, answers, strict=True) if not a["ok"]}
    assert refused == {}
    for config, answer in zip(configs, answers, strict=True):
        assert answer["max_model_len"] == config.max_model_len
        assert answer["tensor_parallel_size"] == config.tensor_parallel_size
        assert answer["dtype"] == config.dtype
