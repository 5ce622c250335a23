"""What lies in a model's repository is read and never run."""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from configs import LLAMA_3_1_8B
from peers import ROOT

from replanner.hub.folder import FolderHub
from replanner.profile import load_profile
from replanner.render import RENDERERS
from replanner.resolve import Place, Planner

SOURCES = sorted((ROOT / "replanner").rglob("*.py"))
# Modules that make code of data, or load models in ways that may run theirs.
RUNS_DATA = {
    "code", "dill", "imp", "jinja2", "joblib", "marshal", "pickle", "runpy", "safetensors",
    "shelve", "torch", "transformers", "vllm", "zipimport",
}  # fmt: skip
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_ours_can_run_what_it_reads(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {name.partition(".")[0] for name in _imported(tree)} & RUNS_DATA
    assert not set(_called(tree)) & RUNS_TEXT


def test_a_model_that_brings_code_is_planned_without_running_it(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    code = f"open({str(canary)!r}, 'w').close()\nclass Config: ...\n"
    brings = {"auto_map": {"AutoConfig": "configuration_mine.Config"}}
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text(json.dumps(LLAMA_3_1_8B | brings))
    for name in ("configuration_mine.py", "modeling_mine.py", "__init__.py"):
        (model / name).write_text(code)
    template = f"{{{{ ''.__class__.__mro__[1] }}}}{{% include '{canary}' %}}"
    (model / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    profile = tmp_path / "mine.yaml"
    profile.write_text(
        "profile_version: 1\nmodel: {id: ./model}\nhardware: {gpu_name: H100}\n"
        "outputs: {vllm_args: {trust-remote-code: true}}\n"
    )
    loaded = load_profile(profile, renderers=RENDERERS)
    record = Planner(FolderHub(tmp_path)).record(loaded.profile, Place("mine.yaml", "mine"))
    assert record.plan.feasibility.fits
    assert not canary.exists()
    assert not any("configuration_mine" in name for name in sys.modules)
