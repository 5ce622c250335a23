import re
from typing import Any

import pytest
import yaml
from hostile import configs, contexts, folder_configs, plan
from hypothesis import given
from samples import config

from replanner.errors import InputError
from replanner.planning.request import Speculative
from replanner.planning.result import EngineConfig
from replanner.render import RenderContext, compose, serve_argv
from replanner.render.folders import in_container

CONTEXT = RenderContext(identity="f" * 64, name="eu/chat", root="../..")


def text_of(engine: EngineConfig, context: RenderContext = CONTEXT) -> str:
    artifact = compose.render(plan(engine), context)["docker-compose.yaml"]
    assert not artifact.executable
    return artifact.text


def interpolated(value: Any) -> Any:
    """What Compose makes of a string that must not refer to any variable."""
    if isinstance(value, str):
        assert not re.search(r"(?<!\$)(\$\$)*\$(?!\$)", value), value
        return value.replace("$$", "$")
    if isinstance(value, list):
        return [interpolated(item) for item in value]
    return {k: interpolated(v) for k, v in value.items()} if isinstance(value, dict) else value


def service(engine: EngineConfig, context: RenderContext = CONTEXT) -> dict[str, Any]:
    found: dict[str, Any] = interpolated(yaml.safe_load(text_of(engine, context)))
    return dict(found["services"]["vllm"])


def test_service_of_a_plain_plan() -> None:
    engine = config(gpus=8, tensor_parallel_size=2)
    document = yaml.safe_load(text_of(engine))
    assert list(document) == ["name", "services", "volumes"]
    assert document["name"] == "eu-chat"
    assert document["volumes"] == {"huggingface-cache": {"name": "huggingface-cache"}}
    found = service(engine)
    probe = found["healthcheck"].pop("test")
    assert found == {
        "image": "vllm/vllm-openai:v0.33.0",
        "entrypoint": ["vllm"],
        "command": serve_argv(engine)[1:],
        "environment": {"HF_TOKEN": None, "VLLM_API_KEY": None},
        "ports": ["8000:8000"],
        "volumes": [
            {
                "type": "volume",
                "source": "huggingface-cache",
                "target": "/root/.cache/huggingface",
            }
        ],
        "shm_size": "16gb",
        "deploy": {
            "resources": {
                "reservations": {
                    "devices": [{"driver": "nvidia", "count": 2, "capabilities": ["gpu"]}]
                }
            }
        },
        # 600 s and 2 x 16 GiB at 100 MB/s, in whole minutes
        "healthcheck": {
            "interval": "10s",
            "timeout": "6s",
            "retries": 6,
            "start_period": "960s",
        },
        "restart": "unless-stopped",
        "labels": {"replanner.plan": "f" * 64},
    }
    assert probe[:3] == ["CMD", "python3", "-c"]
    compile(probe[3], "probe", "exec")
    assert "8000" in probe[3]
    assert "'/health'" in probe[3]


def test_numbers_and_words_among_the_arguments_stay_strings() -> None:
    text = text_of(config(extra_args={"served-model-name": ("1e3", "yes", "0x1", "1.0", "~")}))
    for item in ('"1e3"', '"yes"', '"0x1"', '"1.0"', '"~"', '"131072"', '"--dtype"'):
        assert f"\n    - {item}\n" in text


def test_port_is_the_servers() -> None:
    found = service(config(extra_args={"port": 9000}))
    assert found["ports"] == ["9000:9000"]
    assert "9000" in found["healthcheck"]["test"][3]


def test_amd_gets_devices_instead_of_a_reservation() -> None:
    found = service(config(vendor="amd"))
    assert "deploy" not in found
    assert found["devices"] == ["/dev/kfd", "/dev/dri"]
    assert found["group_add"] == ["video"]


def test_folder_is_bound_read_only_as_seen_from_the_file() -> None:
    engine = config(
        model="./models/a$b", revision=None, speculative=Speculative("eagle3", "/srv/draft", 1)
    )
    binds = service(engine)["volumes"][1:]
    assert [(b["source"], b["target"]) for b in binds] == [
        ("../../models/a$b", "/model"),
        ("/srv/draft", "/draft-model"),
    ]
    assert all(b["read_only"] and b["bind"] == {"create_host_path": False} for b in binds)
    assert service(engine)["command"][1] == "/model"
    assert service(engine)["command"][-2:] == ["--served-model-name", "./models/a$b"]


def test_api_name_given_by_the_user_stands_for_a_folder_too() -> None:
    engine = config(model="./m", revision=None, extra_args={"served_model_name": "chat"})
    assert service(engine)["command"][-2:] == ["--served-model-name", "chat"]


def test_image_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(InputError, match="is not pinned"):
        text_of(config(image="vllm/vllm-openai"))


@given(configs | folder_configs, contexts)
def test_command_reads_back_as_the_argv(engine: EngineConfig, context: RenderContext) -> None:
    found = service(engine, context)
    assert [*found["entrypoint"], *found["command"]] == serve_argv(in_container(engine))
    assert found["labels"] == {"replanner.plan": context.identity}


@given(configs, contexts)
def test_same_plan_gives_the_same_bytes(engine: EngineConfig, context: RenderContext) -> None:
    assert text_of(engine, context) == text_of(engine, context)
