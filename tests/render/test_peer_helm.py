"""The chart and the values, through the real Helm and the published Kubernetes schemas."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hostile import SNIPPETS, plan
from peers import INSTALLED, peer
from samples import config
from test_kubernetes import CHART, expanded

from replanner.planning.request import Speculative
from replanner.render import RenderContext, kubernetes, serve_argv
from replanner.render.folders import in_container

HOSTILE = tuple(s for s in SNIPPETS if not s.startswith("-"))
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "hostile": {
        "model": 'a\'b: "$(X)" {{ .Values }}',
        "extra_args": {"served-model-name": HOSTILE},
    },
    "folder": {"model": "./m", "revision": None, "speculative": Speculative("eagle3", "/d", 1)},
    "amd": {"vendor": "amd", "image": "vllm/vllm-openai-rocm@sha256:" + "0" * 64},
}


@pytest.mark.parametrize("case", CASES)
def test_helm_and_kubernetes_take_the_values(case: str, tmp_path: Path) -> None:
    helm = peer("helm-check", needs=["lint/.installed"])
    engine = config(**CASES[case])
    context = RenderContext(identity="f" * 64, name="eu/chat")
    values = tmp_path / "values.yaml"
    values.write_text(kubernetes.render(plan(engine), context)["k8s-values.yaml"].text)
    done = subprocess.run([helm, CHART, values], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifests = list(yaml.safe_load_all(done.stdout))
    assert [m["kind"] for m in manifests] == ["PersistentVolumeClaim", "Deployment", "Service"]
    container = manifests[1]["spec"]["template"]["spec"]["containers"][0]
    argv = [*container["command"], *map(expanded, container["args"])]
    assert argv == serve_argv(in_container(engine))
    assert container["image"] == engine.image
    check_kubernetes(done.stdout, tmp_path)


def check_kubernetes(manifests: str, folder: Path) -> None:
    validate = INSTALLED / "bin/kubernetes-validate"
    if not validate.exists():
        return
    file = folder / "manifests.yaml"
    file.write_text(manifests)
    done = subprocess.run(
        [validate, "--strict", "-k", "1.37", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
