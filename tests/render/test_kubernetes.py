import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hostile import configs, contexts, folder_configs, plan
from hypothesis import given
from json_schema import errors
from samples import config

from replanner.planning.request import Speculative
from replanner.planning.result import EngineConfig
from replanner.render import RenderContext, kubernetes, serve_argv
from replanner.render.folders import in_container

ROOT = Path(__file__).parents[2]
SCHEMA_FILE = ROOT / "replanner/render/k8s_values.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
CHART = ROOT / "charts/vllm"
CONTEXT = RenderContext(identity="f" * 64, name="eu/chat")


def text_of(engine: EngineConfig, context: RenderContext = CONTEXT) -> str:
    return kubernetes.render(plan(engine), context)["k8s-values.yaml"].text


def values(engine: EngineConfig, context: RenderContext = CONTEXT) -> dict[str, Any]:
    return dict(yaml.safe_load(text_of(engine, context)))


def expanded(text: str) -> str:
    """What the kubelet makes of an argument when no variable is set (third_party/forked/golang
    /expansion/expand.go): $$ is a dollar, $(NAME) would be a reference."""
    out, i = "", 0
    while i < len(text):
        if text[i] == "$" and i + 1 < len(text):
            assert text[i + 1] == "$", "a reference or a lone dollar is left"
            i += 1
        out += text[i]
        i += 1
    return out


def test_values_of_a_plain_plan() -> None:
    engine = config(gpus=8, tensor_parallel_size=2)
    found = values(engine)
    assert found["image"] == {"repository": "vllm/vllm-openai", "tag": "v0.33.0", "digest": ""}
    assert [*found["command"], *found["args"]] == serve_argv(engine)
    assert found["resources"] == {"limits": {"nvidia.com/gpu": 2}}
    assert found["containerPort"] == found["service"]["port"] == 8000
    assert found["sharedMemory"] == {"sizeLimit": "16Gi"}
    # twice 2 x 16 GiB of weights, in steps of ten and one to spare
    assert found["cache"] == {"mountPath": "/root/.cache/huggingface", "size": "80Gi"}
    assert found["modelVolumes"] == []
    assert found["podAnnotations"] == {
        "replanner/plan": "f" * 64,
        "replanner/model": engine.model,
        "replanner/revision": "a" * 40,
    }


def test_startup_may_take_as_long_as_the_weights_need() -> None:
    found = values(config(tensor_parallel_size=2))
    assert found["startupProbe"] == {
        "httpGet": {"path": "/health", "port": 8000},
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 96,  # 960 s: 600 and 34.4 GB at 100 MB/s, in whole minutes
    }
    assert found["livenessProbe"]["failureThreshold"] == 6
    assert found["readinessProbe"]["failureThreshold"] == 3


def test_data_parallel_replicas_load_the_same_files_unless_experts_are_spread() -> None:
    replicas = config(data_parallel_size=4)
    spread = config(data_parallel_size=4, enable_expert_parallel=True)
    assert values(replicas)["cache"]["size"] == "50Gi"
    assert values(spread)["cache"]["size"] == "140Gi"


def test_tokens_come_from_a_secret_that_need_not_hold_them() -> None:
    env = values(config())["env"]
    assert [e["name"] for e in env] == ["HF_TOKEN", "VLLM_API_KEY"]
    assert all(e["valueFrom"]["secretKeyRef"]["optional"] for e in env)
    assert not any("value" in e for e in env)


def test_amd_gpus_have_their_own_resource() -> None:
    assert values(config(vendor="amd"))["resources"] == {"limits": {"amd.com/gpu": 1}}


def test_digest_is_kept_apart_from_the_tag() -> None:
    digest = "sha256:" + "0" * 64
    found = values(config(image=f"registry.local:5000/a/b:v1@{digest}"))["image"]
    assert found == {"repository": "registry.local:5000/a/b", "tag": "v1", "digest": digest}
    assert values(config(image=f"a/b@{digest}"))["image"]["tag"] == ""


def test_folder_is_expected_in_a_claim_named_after_the_profile() -> None:
    engine = config(model="./m", revision=None, speculative=Speculative("eagle3", "/d", 1))
    assert values(engine)["modelVolumes"] == [
        {"claimName": "eu-chat-model", "mountPath": "/model"},
        {"claimName": "eu-chat-draft-model", "mountPath": "/draft-model"},
    ]
    assert values(engine)["args"][0] == "/model"


@pytest.mark.parametrize(
    ("name", "claim"),
    [("eu/chat", "eu-chat-model"), ("漢", "vllm-model"), ("A_b..C", "a-b-c-model")],
)
def test_any_profile_name_makes_a_claim_name(name: str, claim: str) -> None:
    context = RenderContext(identity="", name=name)
    found = values(config(model="./m", revision=None), context)
    assert found["modelVolumes"][0]["claimName"] == claim


@given(configs | folder_configs, contexts)
def test_arguments_expand_to_the_argv(engine: EngineConfig, context: RenderContext) -> None:
    found = values(engine, context)
    assert [*found["command"], *map(expanded, found["args"])] == serve_argv(in_container(engine))


@given(configs | folder_configs, contexts)
def test_values_keep_to_the_schema(engine: EngineConfig, context: RenderContext) -> None:
    assert errors(values(engine, context), SCHEMA, root=SCHEMA) == []


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        (("args",), "--dtype half"),
        (("args", 0), 1),
        (("image", "digest"), "sha256:0"),
        (("containerPort",), 0),
        (("containerPort",), True),
        (("startupProbe", "failureThreshold"), 0),
        (("cache", "size"), "40GB"),
        (("service", "type"), "Cluster"),
        (("unknown",), 1),
    ],
)
def test_schema_refuses_what_the_chart_cannot_use(path: tuple[Any, ...], bad: object) -> None:
    found: Any = values(config())
    inner = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = bad
    assert errors(found, SCHEMA, root=SCHEMA)


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_schema_misses_what_is_left_out(name: str) -> None:
    found = values(config())
    del found[name]
    assert errors(found, SCHEMA, root=SCHEMA) == [f"$: no {name}"]


def test_chart_carries_the_same_schema() -> None:
    assert (CHART / "values.schema.json").read_bytes() == SCHEMA_FILE.read_bytes()


def test_example_of_the_chart_is_what_is_rendered_today() -> None:
    engine = config(gpus=2, tensor_parallel_size=2)
    assert (CHART / "ci/k8s-values.yaml").read_text(encoding="utf-8") == text_of(engine)
