"""`replanner verify`, as people use it after a deployment: a log, a page, and what is kept."""

import http.server
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from running import Run
from served import STARTED, profile_text
from server_logs import CASES, METRICS, MODELS, TP2, V1_NEW


@pytest.fixture(autouse=True)
def served(repo: Path) -> Path:
    """Every case's model, profile and log, as `<case>.yaml` and `<case>.log`."""
    for name, config in MODELS.items():
        folder = repo / "models" / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
    for name, case in CASES.items():
        (repo / f"{name}.yaml").write_text(profile_text(case))
        (repo / f"{name}.log").write_text(case.log, newline="")
    return repo


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """A server on loopback that answers so; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if self.path == "/metrics" else b"not here")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("name", STARTED)
def test_a_log_is_compared_line_by_line(run: Run, name: str) -> None:
    done = run("verify", f"{name}.yaml", "--log", f"{name}.log", "--tolerance", "10", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert told["agrees"] is True
    assert told["verdict"]["actual"] == "started"
    rows = {row["key"]: row for row in told["rows"]}
    for key, value in CASES[name].read.items():
        assert key == "budget_gib" or rows[key]["actual"] == pytest.approx(value, abs=1e-4)
    assert all(row["within"] for row in told["rows"] if row["decides"])


def test_people_read_a_table(run: Run) -> None:
    done = run("verify", "tp2.yaml", "--log", "-", stdin=TP2.log)
    assert done.returncode == 0
    assert done.stdout.startswith("tp2: as planned: the server started\n")
    assert re.search(r"weights +7\.[01][0-9] GiB +7\.12 GiB +[+-]0\.[0-9]%", done.stdout)
    assert re.search(r"KV tokens +[0-9,]+ +2,390,592", done.stdout)


@pytest.mark.parametrize("columns", ["20", "40", "200"])
def test_the_table_fits_the_terminal(run: Run, columns: str) -> None:
    env = {"COLUMNS": columns, "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = run("verify", "tp2.yaml", "--log", "tp2.log", env=env)
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    assert done.stdout.isascii()


def test_a_refusal_is_told_with_its_own_figures(run: Run) -> None:
    done = run("verify", "refused.yaml", "--log", "refused.log", "--tolerance", "20", "--json")
    told = json.loads(done.stdout)
    assert told["verdict"]["predicted"] == "refused"
    refusal = told["verdict"]["refusal"]
    assert refusal["code"] == "kv_cache_too_small"
    assert refusal["figures"]["longest_model_len"] == 35600
    assert done.returncode == 0, "the plan said so"


def test_a_verdict_that_reality_contradicts_is_1(run: Run) -> None:
    cut = TP2.log.partition("(EngineCore pid=469) INFO 04-22 00:15:21")[0]
    lost = cut + "(Worker_TP0 pid=600) torch.OutOfMemoryError: CUDA out of memory. Tried it.\n"
    done = run("verify", "tp2.yaml", "--log", "-", stdin=lost)
    assert done.returncode == 1
    assert done.stdout.startswith("tp2: planned: starts; the server did not start\n")


def test_outside_the_tolerance_is_1(run: Run) -> None:
    loose = run("verify", "v1-new.yaml", "--log", "v1-new.log", "--tolerance", "10")
    tight = run("verify", "v1-new.yaml", "--log", "v1-new.log", "--tolerance", "0.01")
    assert (loose.returncode, tight.returncode) == (0, 1)
    assert re.search("KV cache .* outside$", tight.stdout, re.MULTILINE)


def test_another_deployments_log_is_1_and_says_what_differs(run: Run) -> None:
    done = run("verify", "v1-new.yaml", "--log", "tp2.log")
    assert done.returncode == 1
    assert "tensor_parallel_size 2, planned 1" in done.stdout


@pytest.mark.parametrize("path", ["", "/", "/metrics"])
def test_a_running_servers_metrics_are_compared(run: Run, path: str) -> None:
    with answering(200, METRICS.encode()) as address:
        done = run("verify", "v1-new.yaml", "--metrics", address + path, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert told["verdict"]["actual"] == "started"
    assert {row["key"]: row["actual"] for row in told["rows"]} == {
        "kv_cache_tokens": 1043072,
        "max_concurrency_at_context": 31.832,
    }


def test_a_saved_page_adds_to_a_log(run: Run, served: Path) -> None:
    (served / "page.txt").write_text(METRICS)
    cut = V1_NEW.log.partition("GPU KV cache size")[0]
    done = run("verify", "v1-new.yaml", "--log", "-", "--metrics", "page.txt", "--json", stdin=cut)
    keys = {row["key"] for row in json.loads(done.stdout)["rows"]}
    assert {"weights_gib", "kv_cache_tokens"} <= keys


@pytest.mark.parametrize(
    ("status", "code"), [(401, 2), (403, 2), (404, 2), (302, 2), (500, 3), (503, 3)]
)
def test_a_page_that_is_refused_or_away(run: Run, status: int, code: int) -> None:
    with answering(status, b"", Location="http://127.0.0.1:9/metrics") as address:
        done = run("verify", "v1-new.yaml", "--metrics", address)
    assert done.returncode == code
    assert str(status) in done.stderr


def test_a_server_that_is_not_there_is_3(run: Run) -> None:
    with answering(200, b"") as address:
        pass
    done = run("verify", "v1-new.yaml", "--metrics", address)
    assert done.returncode == 3
    assert "could not be reached" in done.stderr


BAD = {
    "no source": [],
    "no such log": ["--log", "none.log"],
    "a folder": ["--log", "models"],
    "an address with a control character": ["--metrics", "http://\x01/"],
    "an empty log": ["--log", "empty.log"],
    "a log of something else": ["--log", "other.log"],
    "binary": ["--log", "binary.log"],
    "no metrics": ["--metrics", "other.log"],
    "no address": ["--metrics", "http://"],
    "a password": ["--metrics", "http://me:secret@127.0.0.1/metrics"],
    "a bad port": ["--metrics", "http://127.0.0.1:99999999/"],
    "no percentage": ["--log", "v1-new.log", "--tolerance", "0"],
    "not a number": ["--log", "v1-new.log", "--tolerance", "nan"],
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_input_is_2_in_one_sentence(run: Run, served: Path, what: str) -> None:
    (served / "empty.log").write_text("")
    (served / "other.log").write_text("nginx: GET / 200\n" * 1000)
    (served / "binary.log").write_bytes(bytes(range(256)) * 1000)
    done = run("verify", "v1-new.yaml", *BAD[what])
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_log_without_end_is_read_as_far_as_it_is_of_use(run: Run, served: Path) -> None:
    with (served / "huge.log").open("w") as file:
        file.write(V1_NEW.log)
        for _ in range(36):
            file.write("INFO 08-20 10:00:00 [async_llm.py:1] GET /v1/models\n" * (1 << 14))
            file.write("y" * (1 << 18) + "\n")
    done = run("verify", "v1-new.yaml", "--log", "huge.log")
    assert done.returncode == 0
    assert "only so much of it was read" in " ".join(done.stdout.split())


def test_what_powershell_redirected_is_read(run: Run, served: Path) -> None:
    (served / "utf16.log").write_text(V1_NEW.log, encoding="utf-16", newline="\r\n")
    done = run("verify", "v1-new.yaml", "--log", "utf16.log")
    assert done.returncode == 0, done.stderr


def test_nothing_of_a_log_reaches_the_terminal_as_an_escape(run: Run) -> None:
    log = V1_NEW.log.partition("Available")[0]
    log += "ValueError: No available memory for the cache blocks. \x1b]0;owned\x07\x9b31m\u202e\n"
    done = run("verify", "v1-new.yaml", "--log", "-", stdin=log)
    assert "No available memory" in done.stdout
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout)


@pytest.mark.parametrize("name", STARTED)
def test_calibrated_the_next_plan_is_what_was_measured(run: Run, name: str) -> None:
    done = run("verify", f"{name}.yaml", "--log", f"{name}.log", "--calibrate", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["calibrated"] is True
    plan = json.loads(run("plan", "--json", f"{name}.yaml").stdout)["feasibility"]
    read = CASES[name].read
    assert plan["measured"] == ["weights", "activation", "non_torch", "cuda_graph"]
    assert plan["weights_gib"] == pytest.approx(read["weights_gib"], abs=0.001)
    assert plan["kv_cache_gib"] == pytest.approx(read["kv_cache_gib"], abs=0.01)
    assert plan["kv_cache_tokens"] == pytest.approx(read["kv_cache_tokens"], rel=0.002)
    assert [one["code"] for one in plan["warnings"] if one["setting"] == "policy.measured"] == [
        "measured"
    ]
    shown = run("plan", f"{name}.yaml").stdout
    assert shown.count(" measured") >= 4


def test_calibrating_keeps_the_profiles_text_and_says_where_it_is_from(
    run: Run, served: Path
) -> None:
    text = (
        "# the chat model\r\nprofile_version: 1\r\nmodel: {id: ./models/qwen2.5-7b,"
        " max_model_len: 8192}\r\nhardware:\r\n  gpu_name: H100   # two of them\r\n  gpus: 2\r\n"
        "policy:\r\n  gpu_memory_utilization: 0.95\r\n  headroom_gb: 0\r\n"
        "engine: {vllm_version: 0.19.0}\r\n"
    )
    profile = served / "chat.yaml"
    profile.write_text(text, newline="")
    profile.chmod(0o640)
    (served / "link.yaml").symlink_to(profile)
    for _ in range(2):  # the second time replaces the first
        done = run("verify", "link.yaml", "--log", "tp2.log", "--calibrate")
        assert done.returncode == 0, done.stderr
        assert "calibrated; its plan now has 63.8 GiB" in done.stdout
    now = profile.read_bytes().decode()
    head, _, rest = now.partition("  # Measured by vLLM 0.19.0, 79.19 GiB: tp2.log of 2026-04-22")
    tail = rest[rest.index("engine:") :]
    assert head + tail == text, "nothing else has changed"
    assert now.count("Measured by") == 1
    assert "\n" not in now.replace("\r\n", "")
    assert yaml.safe_load(now)["policy"]["measured"]["activation_gib"] == pytest.approx(
        2.21, abs=0.01
    )
    assert (served / "link.yaml").is_symlink()
    if sys.platform != "win32":
        assert profile.stat().st_mode & 0o777 == 0o640


def test_a_calibration_of_something_else_writes_nothing(run: Run, served: Path) -> None:
    before = (served / "v1-new.yaml").read_bytes()
    done = run("verify", "v1-new.yaml", "--log", "tp2.log", "--calibrate")
    assert done.returncode == 2
    assert "another deployment" in done.stderr
    assert (served / "v1-new.yaml").read_bytes() == before


def test_a_calibration_that_would_not_be_used_is_not_written(run: Run, served: Path) -> None:
    profile = served / "tp2.yaml"
    text = profile.read_text().replace("policy: {", "policy: {overhead_gb: 2, ")
    profile.write_text(text)
    done = run("verify", "tp2.yaml", "--log", "tp2.log", "--calibrate")
    assert done.returncode == 2
    assert "policy.overhead_gb is set and wins" in done.stderr
    assert profile.read_text() == text


def test_a_plan_that_leaves_its_calibration_says_so(run: Run) -> None:
    assert run("verify", "tp2.yaml", "--log", "tp2.log", "--calibrate").returncode == 0
    done = run("plan", "--json", "tp2.yaml", "--gpu", "H200")
    plan = json.loads(done.stdout)["feasibility"]
    assert "measured" not in plan
    [warning] = [one for one in plan["warnings"] if one["setting"] == "policy.measured"]
    assert warning["code"] == "calibration_not_used"
    assert "GPU was H100 SXM, here it is H200 SXM" in warning["message"]


def test_a_profile_that_cannot_be_planned_is_2(run: Run) -> None:
    assert run("verify", "none.yaml", "--log", "tp2.log").returncode == 2
