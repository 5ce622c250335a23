"""Every example profile plans, fits, and gives files that their consumers accept."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from json_schema import errors
from peers import ROOT, peer

from replanner.hub.folder import FolderHub
from replanner.planning.model_files import ModelFiles
from replanner.planning.record import PlanRecord
from replanner.profile import LoadedProfile, load_profile
from replanner.render import RENDERERS, serve_argv
from replanner.replan import render_files
from replanner.resolve import Place, Planner

EXAMPLES = sorted((ROOT / "examples" / "profiles").glob("*.yaml"))
CONFIGS = Path(__file__).parent / "data" / "models"


class ReducedHub(FolderHub):
    """Published models by their ids, as the reduced configurations of the test data."""

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        folder = "./" + model_id.replace("/", "__")
        return super().fetch(folder, revision, commit=commit)


PLANNER = Planner(ReducedHub(CONFIGS))


def planned(path: Path) -> tuple[LoadedProfile, PlanRecord]:
    loaded = load_profile(path, renderers=RENDERERS)
    return loaded, PLANNER.record(loaded.profile, Place(path.name, path.stem))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fits_and_nothing_about_it_is_wrong(path: Path) -> None:
    _, record = planned(path)
    assert record.plan.feasibility.fits
    assert [one for one in record.plan.findings if one.severity == "error"] == []


def test_there_is_an_example_of_each_kind() -> None:
    plans = [planned(path)[1].plan for path in EXAMPLES]
    assert any(plan.config.tensor_parallel_size > 1 for plan in plans)
    assert any(plan.config.pooling for plan in plans)
    assert any(plan.config.speculative for plan in plans)
    assert any(plan.config.lora for plan in plans)


def test_vllm_accepts_every_examples_command_line() -> None:
    parse = peer("vllm-parse", needs=["vllm/venv/bin/python"])
    cases = [
        json.dumps(
            {
                "argv": serve_argv(record.plan.config),
                "config": str(CONFIGS / record.plan.model.id.replace("/", "__") / "config.json"),
            }
        )
        for _, record in map(planned, EXAMPLES)
    ]
    done = subprocess.run(
        [parse], input="\n".join(cases) + "\n", capture_output=True, text=True, check=False
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["error"] for answer in answers if not answer["ok"]] == []
    assert len(answers) == len(EXAMPLES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_examples_values_keep_to_the_documented_schema(path: Path) -> None:
    schema = json.loads((ROOT / "replanner/render/k8s_values.schema.json").read_text())
    _, record = planned(path)
    text = render_files(record, names=["k8s"]).files["k8s-values.yaml"].text
    assert errors(yaml.safe_load(text), schema, root=schema) == []


def test_compose_accepts_every_examples_file(tmp_path: Path) -> None:
    check = peer("compose-check", needs=["lint/.installed"])
    for path in EXAMPLES:
        _, record = planned(path)
        files = render_files(record, names=["compose"]).files
        folder = tmp_path / path.stem
        folder.mkdir()
        (folder / "docker-compose.yaml").write_text(files["docker-compose.yaml"].text)
        done = subprocess.run(
            [check, folder / "docker-compose.yaml"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        shutil.rmtree(folder)
