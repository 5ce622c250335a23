"""`replanner plan`, as pipelines and people use it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from running import Run

from replanner import __version__


def documents(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json_is_one_document_a_profile_in_the_order_given(run: Run) -> None:
    done = run("plan", "--json", "profiles/mixtral.yaml", "profiles/llama.yaml")
    names = [one["inputs"]["profile_path"] for one in documents(done)]  # type: ignore[index]
    assert names == ["profiles/mixtral.yaml", "profiles/llama.yaml"]
    assert done.stderr == ""
    assert done.returncode == 1, "one of them does not fit"


def test_the_documented_fields_are_there(run: Run) -> None:
    (plan,) = documents(run("plan", "--json", "profiles/llama.yaml"))
    feasibility, config = plan["feasibility"], plan["config"]
    assert isinstance(feasibility, dict)
    assert isinstance(config, dict)
    assert {
        "fits",
        "starts",
        "oom_risk",
        "vram_total_gib",
        "budget_gib",
        "weights_gib",
        "activation_gib",
        "non_torch_gib",
        "cuda_graph_gib",
        "kv_cache_gib",
        "headroom_gib",
        "kv_bytes_per_token",
        "kv_cache_tokens",
        "max_concurrency_at_context",
        "max_context_at_concurrency",
        "kv_needed_gib",
        "warnings",
    } <= feasibility.keys()
    assert {"tensor_parallel_size", "dtype", "max_model_len", "max_num_seqs"} <= config.keys()
    performance = plan["performance"]
    assert isinstance(performance, dict)
    for name in ("decode_tokens_per_s", "ttft_ms", "itl_ms"):
        spread = performance[name]
        assert spread["low"] <= spread["expected"] <= spread["high"]


def test_reasons_come_with_explain_only(run: Run) -> None:
    (plain,) = documents(run("plan", "--json", "profiles/llama.yaml"))
    (explained,) = documents(run("plan", "--json", "--explain", "profiles/llama.yaml"))
    assert plain["explanations"] == {}
    assert "model.max_model_len" in explained["explanations"]  # type: ignore[operator]
    assert {**explained, "explanations": {}} == plain


def test_a_profile_that_fails_is_a_line_and_stops_no_other(run: Run, repo: Path) -> None:
    (repo / "profiles" / "bad.yaml").write_text("profile_version: 1\nmodel: {id: a/b, tp: 1}\n")
    done = run("plan", "--json", "profiles/bad.yaml", "profiles/llama.yaml", "profiles/no.yaml")
    bad, good, missing = documents(done)
    assert bad["profile"] == "profiles/bad.yaml"
    assert bad["error"]["code"] == "bad_profile"  # type: ignore[index]
    assert "profiles/bad.yaml:2" in bad["error"]["message"]  # type: ignore[index]
    assert good["feasibility"]["fits"] is True  # type: ignore[index]
    assert "error" in missing
    assert done.returncode == 2


def test_people_get_a_sentence_and_a_hint_on_stderr_never_a_traceback(run: Run) -> None:
    done = run("plan", "--model", "./models/llama", "--gpu", "A4")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_flags_need_no_profile(run: Run) -> None:
    done = run("plan", "--json", "--model", "./models/llama", "--gpu", "H100", "--gpus", "2")
    (plan,) = documents(done)
    assert plan["config"]["tensor_parallel_size"] == 2  # type: ignore[index]


def test_flags_depart_from_a_profile(run: Run) -> None:
    done = run("plan", "--json", "profiles/llama.yaml", "--max-model-len", "4096")
    (plan,) = documents(done)
    assert plan["config"]["max_model_len"] == 4096  # type: ignore[index]
    again = run("plan", "--json", "--profile", "profiles/llama.yaml", "--max-model-len", "4096")
    assert again.stdout == done.stdout


def test_a_flag_is_checked_like_a_profile_key(run: Run) -> None:
    done = run(
        "plan", "--model", "./models/llama", "--gpu", "H100", "--gpu-memory-utilization", "7"
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: command line: policy.gpu_memory_utilization must be")


def test_equal_inputs_give_equal_bytes(run: Run) -> None:
    first, second = (run("plan", "--json", "profiles/llama.yaml").stdout for _ in range(2))
    assert first == second


@pytest.mark.parametrize("columns", ["1", "20", "80", "500"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_the_report_fits_any_terminal(run: Run, columns: str, encoding: str) -> None:
    env = {"COLUMNS": columns, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = run("plan", "profiles/llama.yaml", env=env)
    assert done.returncode == 0, done.stderr
    widest = max(len(line) for line in done.stdout.splitlines())
    assert widest <= max(20, int(columns))


def test_json_is_the_same_at_any_width(run: Run) -> None:
    narrow = run("plan", "--json", "profiles/llama.yaml", env={"COLUMNS": "20"})
    assert narrow.stdout == run("plan", "--json", "profiles/llama.yaml").stdout


def test_a_closed_pipe_is_no_error(repo: Path) -> None:
    command = f"{sys.executable} -m replanner catalog gpus --json | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_no_command_and_unknown_commands_are_usage_errors(run: Run) -> None:
    assert run().returncode == 2
    assert run("plna").returncode == 2
    assert run("plan").returncode == 2
    assert run("--help").returncode == 0
    assert "exit codes" in run("--help").stdout


@pytest.mark.parametrize(
    "command",
    [
        "plan",
        "generate",
        "check",
        "diff",
        "replan",
        "validate",
        "detect",
        "catalog",
        "schema",
        "init",
    ],
)
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: replanner {command}")


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").stdout == f"replanner {__version__}\n"


def test_an_unreachable_hub_is_unknown_not_wrong(run: Run, repo: Path) -> None:
    env = {"HF_ENDPOINT": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(repo / "cache")}
    done = run("plan", "--json", "--model", "org/model", "--gpu", "H100", env=env)
    (line,) = documents(done)
    assert line["error"]["code"] == "upstream_unreachable"  # type: ignore[index]
    assert done.returncode == 3


def test_auto_asks_nvidia_smi(run: Run, repo: Path) -> None:
    tool = repo / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    data = Path(__file__).parents[1] / "data" / "nvidia_smi"
    tool.write_text(
        f'#!/bin/sh\ncase "$*" in *query-gpu*) cat {data}/eight.query.csv;;'
        f" *) cat {data}/eight.banner.txt;; esac\n"
    )
    tool.chmod(0o755)
    auto = run(
        "plan", "--json", "--model", "./models/llama", env={"PATH": f"{tool.parent}:/usr/bin:/bin"}
    )
    (plan,) = documents(auto)
    assert plan["hardware"]["gpu_name"] != "auto"  # type: ignore[index]
    detected = json.loads(
        run("detect", "--json", env={"PATH": f"{tool.parent}:/usr/bin:/bin"}).stdout
    )
    assert len(detected) == 8
    assert {"name", "vram_mib", "driver_version", "cuda_version", "compute_capability"} <= detected[
        0
    ].keys()


def test_auto_without_nvidia_smi_is_bad_input(run: Run) -> None:
    done = run("plan", "--model", "./models/llama", env={"PATH": "/nowhere"})
    assert done.returncode == 2
    assert "nvidia-smi" in done.stderr


def test_json_survives_any_encoding(run: Run, repo: Path) -> None:
    (repo / "models" / "llama").rename(repo / "models" / "möwe")
    for encoding in ("ascii", "utf-8"):
        done = run(
            *("plan", "--json", "--model", "./models/möwe", "--gpu", "H100"),
            env={"PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["model"]["id"] == "./models/möwe"


def test_text_that_a_terminal_cannot_show_is_escaped(run: Run, repo: Path) -> None:
    (repo / "profiles" / "llama.yaml").rename(repo / "möwe.yaml")
    done = run("validate", "möwe.yaml", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert done.stdout == "m\\xf6we.yaml: valid\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is full")
def test_a_full_disk_is_a_sentence(repo: Path) -> None:
    command = f"{sys.executable} -m replanner plan --json profiles/llama.yaml > /dev/full"
    done = subprocess.run(
        ["sh", "-c", command], cwd=repo, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "error: standard output cannot be written: No space left on device.\n"


def test_a_working_folder_that_is_gone_is_a_sentence(repo: Path) -> None:
    (repo / "gone").mkdir()
    command = f"cd gone && rmdir ../gone && exec {sys.executable} -P -m replanner plan x.yaml"
    done = subprocess.run(
        ["sh", "-c", command], cwd=repo, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "error: the working folder is gone.\n"


def test_an_image_that_is_not_pinned_is_bad_input_already_here(run: Run, repo: Path) -> None:
    profile = repo / "profiles" / "llama.yaml"
    profile.write_text(profile.read_text() + "engine:\n  image: vllm/vllm-openai\n")
    done = run("plan", "profiles/llama.yaml")
    assert done.returncode == 2
    assert "engine.image" in done.stderr


def test_diff_of_a_file_that_is_not_there_does_not_speak_of_revisions(run: Run) -> None:
    done = run("diff", "profiles/llama.yaml", "gone.json")
    assert done.returncode == 2
    assert done.stderr == "error: gone.json: no such file.\n"
