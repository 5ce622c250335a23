"""Secrets that can be told from everything else, and where none of them may turn up."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from deliveries import standard_headers
from processes import Process, running, until
from sending import fetch, model_moved, post, push
from yard import Yard, commented, pulled, pushed

from replanner.server.work import RepositoryWork

# Each a secret of another kind, none of which looks like one: only who knows it can hide it.
CANARIES = {
    "github": "canary-that-signs-for-github-0123",
    "github-old": "canary-that-signed-for-github-012",
    "hub": "canary-in-the-hubs-header-01234567",
    "path": "canary-in-a-path-0123456789012345",
    "token": "canary-for-the-api-of-github-0123",
    "hub-token": "canary-for-the-hub-01234567890123",
    "standard": "canary-that-signs-in-time-0123456",
}
# What a job says when it breaks (recording_server.py).
IN_AN_ERROR = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
SETTINGS = """\
listen: 127.0.0.1:0
github: {token_file: secrets/token, repositories: [acme/infra]}
hub: {token_file: secrets/hub-token}
sources:
  github: {secrets_file: secrets/github}
  huggingface: {secrets_file: secrets/hub}
  dockerhub: {path_tokens_file: secrets/path}
  standard_webhooks: {secrets_file: secrets/standard}
debounce_seconds: 0
min_free_mb: 0
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "secrets").mkdir()
    for name, text in CANARIES.items():
        (folder / "secrets" / name).write_text(f"{text}\n")
    old_and_new = f"{CANARIES['github']}\n{CANARIES['github-old']}\n"
    (folder / "secrets" / "github").write_text(old_and_new)
    config = folder / "server.yaml"
    config.write_text(SETTINGS)
    with running("serve", config) as process:
        process.address()
        yield process


def _headers(told: dict[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in told.items()}
    return {"Content-Type": "application/json", **named}


def _use_every_secret(base: str) -> None:
    """Rightly, wrongly, and where it does not belong."""
    image = b'{"push_data": {"tag": "v1"}, "repository": {"repo_name": "acme/llm"}}'
    in_json = {"Content-Type": "application/json"}
    hub, path = CANARIES["hub"], CANARIES["path"]
    assert post(base, "github", push(1, key=CANARIES["github"])).status == 202
    assert post(base, "github", push(2, key=CANARIES["github-old"])).status == 202
    assert post(base, "huggingface", model_moved("urgent/x", key=hub)).status == 202
    assert post(base, "huggingface", model_moved("buggy/x", key=hub)).status == 202
    assert post(base, f"dockerhub/{path}", (image, in_json)).status == 202
    assert post(base, "standard_webhooks", _signed(0)).status == 202
    for wrong in (f"dockerhub/{path}x", f"{path}/y", f"huggingface?secret={hub}", f"a/b/{path}"):
        assert post(base, wrong, (image, in_json)).status in {401, 404}
    assert post(base, "github", (b"{", push(3, key=CANARIES["github"])[1])).status == 401
    body, headers = model_moved("urgent/y", key=hub)
    assert post(base, "huggingface", (body[:-1], headers)).status == 422


def _signed(skew_s: float) -> tuple[bytes, dict[str, str]]:
    import time  # noqa: PLC0415 - its own clock

    body = b'{"type": "model", "data": {"subject": "a/b"}}'
    secret = CANARIES["standard"].encode()
    headers = standard_headers(body, secret=secret, at_s=time.time() + skew_s, name=f"m{skew_s}")
    return body, _headers(headers)


def _command(served: Process, *words: str) -> str:
    command = [sys.executable, "-m", "replanner", *words, "--config", served.folder / "server.yaml"]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=served.folder, timeout=60
    )
    return ended.stdout + ended.stderr


def _left_behind(folder: Path) -> dict[str, bytes]:
    """Everything that the server wrote to the disk: its log, the store, the store's own log."""
    files = [each for each in folder.iterdir() if each.is_file() and each.name != "server.yaml"]
    return {each.name: each.read_bytes() for each in files}


def test_no_secret_turns_up_in_log_store_figures_or_output(served: Process) -> None:
    base = served.address()
    _use_every_secret(base)
    until(lambda: "E urgent/x" in served.effects())
    until(lambda: "buggy" in _command(served, "dead", "list"))
    seen = _left_behind(served.folder)
    for page in ("metrics", "readyz", "healthz", "webhooks/nobody"):
        seen[page] = repr(fetch(f"{base}/{page}")).encode()
    for words in (("dead", "list"), ("dead", "list", "--json"), ("doctor",)):
        seen[" ".join(words)] = _command(served, *words).encode()
    assert {"serve.log", "replanner.db", "replanner.db-wal"} <= seen.keys()
    assert b"buggy" in seen["dead list"]
    found = [
        (name, where)
        for name, secret in [*CANARIES.items(), ("error", IN_AN_ERROR)]
        for where, text in seen.items()
        if secret.encode() in text
    ]
    assert found == []


def test_no_secret_turns_up_in_what_is_written_to_github(tmp_path: Path) -> None:
    """Nor in a job's account, which the store keeps."""
    yard, secret = Yard(tmp_path), CANARIES["hub-token"]
    work = RepositoryWork(yard, {"hf-token": secret})
    accounts = [
        account
        for event in (pulled(), pushed(), commented("/replan what-if hardware.gpus=2"))
        for account in yard.send(event, work)
    ]
    written = [*yard.forge.bodies, *(each.body for each in yard.pulls.kept), *yard.done()]
    assert len(accounts) == 3
    assert yard.forge.bodies
    assert yard.pulls.kept
    assert secret not in str([accounts, written])


@pytest.mark.parametrize("skew_s", [-3600, 3600])
def test_a_sender_whose_clock_is_wrong_is_refused_and_the_log_says_by_how_much(
    served: Process, skew_s: int
) -> None:
    """An hour is what a wrong time zone or a switch to summer time makes."""
    base = served.address()
    answer = post(base, "standard_webhooks", _signed(skew_s))
    assert answer.status == 401
    assert "skew" not in str(answer.body)
    reasons = [str(one.get("reason")) for one in served.lines()]
    skews = [int(one.partition("skew=")[2].removesuffix(" s")) for one in reasons if "skew=" in one]
    assert any(abs(skew + skew_s) < 60 for skew in skews)


def test_who_signs_no_time_is_not_asked_for_one(served: Process) -> None:
    """The dates in its headers and its body may say anything."""
    body, headers = push(9, key=CANARIES["github"])
    for date in ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2060 23:59:60 GMT"):
        answer = post(served.address(), "github", (body, headers | {"Date": date}))
        assert answer.status == 202
