"""A workflow's step on a runner: action.yml as it is released, the image, a pull request."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from configs import LLAMA_3_1_8B
from engines import TAG, image
from peers import ROOT, peer
from stories import profile

EVENT = {
    "action": "opened",
    "pull_request": {"title": "More traffic", "head": {"ref": "traffic"}},
    "repository": {"full_name": "acme-bot/infra"},
}


def repository(folder: Path, *, concurrency: int) -> Path:
    files = {
        "profiles/chat.yaml": profile("./models/small", concurrency=concurrency),
        "models/small/config.json": json.dumps(LLAMA_3_1_8B),
        "action.yml": (ROOT / "action.yml").read_text(),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    write = [sys.executable, ROOT / "tools" / "release_action.py", "--root", folder, "write", TAG]
    subprocess.run(write, check=True)
    return folder


def test_the_released_action_comments_on_a_pull_request(tmp_path: Path) -> None:
    program = peer("run-action", needs=("containers/.installed", "github/openapi.json"))
    image()
    head = repository(tmp_path / "head", concurrency=32)
    base = repository(tmp_path / "base", concurrency=8)
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    sock = tmp_path / "docker.sock"
    asked = [head, tmp_path / "event.json", "--base", base, "--sock", sock, "--json"]
    ran = subprocess.run([program, *asked], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    assert told["outputs"]["comment-operation"] == "created", told
    assert json.loads(told["outputs"]["changed-profiles"]) == ["profiles/chat.yaml"]
    assert "chat" in told["summary"]
    assert [call for call in told["github"] if call.get("request")] == []
