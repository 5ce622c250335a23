"""Start-up, throughput and memory, side by side with floors to measure them by.

The first floor is what any planner with YAML profiles and pydantic models pays before its first
line. This one imports only pydantic's engine, so it may lie below that; the second floor is its
own. Ratios travel between machines, seconds do not.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from replanner.hub.folder import FolderHub
from replanner.profile import parse_profile
from replanner.replan import write_plan
from replanner.resolve import Place, Planner

RUNS = 15
PROFILES = 1000
MODEL = """
import pydantic, yaml
class Model(pydantic.BaseModel):
    name: str
Model(name="x")
"""
FLOORS = {"pydantic, yaml, one model": MODEL, "pydantic_core, yaml": "import pydantic_core, yaml"}
CONFIG = {
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
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
PROFILE = """\
profile_version: 1
model: {{id: ./model}}
hardware: {{gpu_name: H100, gpus: {gpus}}}
workload: {{prompt_tokens: {prompt}, gen_tokens: 256, concurrency: {concurrency}}}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model").mkdir()
        (folder / "model" / "config.json").write_text(json.dumps(CONFIG))
        (folder / "one.yaml").write_text(PROFILE.format(gpus=1, prompt=512, concurrency=8))
        _cold(folder)
        _many(folder)


def _cold(folder: Path) -> None:
    plan = [sys.executable, "-m", "replanner", "plan", "--json", "one.yaml", "--repo", "."]
    commands = {name: [sys.executable, "-c", code] for name, code in FLOORS.items()}
    spent: dict[str, list[float]] = {name: [] for name in commands}
    ours = []
    for _ in range(RUNS):  # in turns, so that all meet the same noise
        ours.append(_run(plan, folder))
        for name, command in commands.items():
            spent[name].append(_run(command, folder)[0])
    cpu = statistics.median(c for c, _ in ours)
    print(f"cold `plan --json`, CPU s, median of {RUNS}:  {cpu:.3f}")
    for name, seconds in spent.items():
        floor = statistics.median(seconds)
        print(f"floor ({name}):".ljust(42), f"{floor:.3f}, ratio {cpu / floor:.2f}")
    print(f"memory of the cold plan, peak MiB:         {max(m for _, m in ours):.0f}")


def _run(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds and peak MiB of one process."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _many(folder: Path) -> None:
    texts = [
        PROFILE.format(gpus=2 ** (number % 4), prompt=256 + number, concurrency=1 + number % 64)
        for number in range(PROFILES)
    ]
    start = time.process_time()
    planner = Planner(FolderHub(folder))
    for number, text in enumerate(texts):
        loaded = parse_profile(text, name=f"{number}.yaml")
        record = planner.record(loaded.profile, Place(f"{number}.yaml", str(number)))
        write_plan(record, loaded, name=str(number))
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{PROFILES} profiles read, planned, rendered, CPU s: {spent:.2f}")
    print(f"memory of that process, peak MiB:          {peak:.0f}")


if __name__ == "__main__":
    main()
