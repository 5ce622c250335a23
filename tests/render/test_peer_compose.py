"""The file, through the real Docker Compose."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hostile import SNIPPETS, plan
from peers import peer
from samples import config

from replanner.planning.request import Speculative
from replanner.render import RenderContext, compose, serve_argv
from replanner.render.folders import in_container

HOSTILE = tuple(s for s in SNIPPETS if not s.startswith("-"))
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "hostile": {"model": 'a\'b: "$(X)" ${HOME}', "extra_args": {"served-model-name": HOSTILE}},
    "folder": {"model": "./m $x", "revision": None, "speculative": Speculative("eagle3", "/d", 1)},
    "amd": {"vendor": "amd", "image": "vllm/vllm-openai-rocm@sha256:" + "0" * 64},
}


@pytest.mark.parametrize("case", CASES)
def test_compose_resolves_the_file_to_the_argv(case: str, tmp_path: Path) -> None:
    check = peer("compose-check", needs=["lint/.installed"])
    engine = config(**CASES[case])
    context = RenderContext(identity="f" * 64, name="eu/chat", root="../..")
    file = tmp_path / "docker-compose.yaml"
    file.write_text(compose.render(plan(engine), context)["docker-compose.yaml"].text)
    env = {**os.environ, "COMPOSE_CHECK_PRINT": "1", "HF_TOKEN": "shell"}
    done = subprocess.run([check, file], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    # `config` prints a file again, so its dollars are doubled as well.
    service = yaml.safe_load(done.stdout)["services"]["vllm"]
    argv = [item.replace("$$", "$") for item in (*service["entrypoint"], *service["command"])]
    assert argv == serve_argv(in_container(engine))
    assert service["environment"].items() >= {("HF_TOKEN", "shell")}
    assert service["healthcheck"]["start_period"] == "13m0s"
