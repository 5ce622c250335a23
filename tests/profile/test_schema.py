"""What a profile may say, what it means to the planner, and how a slip is put into words."""

import json
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from sample_profiles import FULL, SEED

from replanner import catalogue
from replanner.errors import ProfileError
from replanner.planning import request as wish
from replanner.planning.request import PlanRequest
from replanner.profile import build_profile, load_profile, parse_profile, schema
from replanner.profile.choices import KvCacheDtypeName, QuantizationName
from replanner.profile.sections import REQUIRED, keys

START = "profile_version: 1\nmodel: {id: a/b}\n"


def request(text: str) -> PlanRequest:
    return parse_profile(text, name="p.yaml").profile.request()


def refusal(text: str, **more: object) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, name="p.yaml", **more)  # type: ignore[arg-type]
    return caught.value.message.splitlines()


def test_the_shortest_profile_asks_for_the_contracts_defaults() -> None:
    assert request(START) == PlanRequest(model=wish.ModelWish(id="a/b"))
    outputs = parse_profile(START, name="p").profile.outputs
    assert outputs.emit == ("command", "compose", "k8s", "profile")
    assert outputs.dir is None


def test_a_profile_of_the_older_format_loads_unchanged() -> None:
    asked = request(SEED)
    assert asked.model == wish.ModelWish(
        id="meta-llama/Llama-2-7b-hf", kv_cache_dtype="fp8_e4m3", max_model_len=4096
    )
    assert asked.hardware == wish.HardwareWish(gpu_name="RTX 4090")
    assert asked.workload == wish.Workload(concurrency=4)
    assert asked.policy == wish.Policy(gpu_memory_utilization=0.9, fragmentation_factor=1.15)


@pytest.mark.parametrize(
    ("key", "spelling", "name"),
    [
        ("dtype", "bf16", "bfloat16"),
        ("dtype", "fp16", "float16"),
        ("dtype", "fp32", "float32"),
        ("kv_cache_dtype", "fp8_e4m3fn", "fp8_e4m3"),
        ("kv_cache_dtype", "fp16", "float16"),
        ("kv_cache_dtype", "bf16", "bfloat16"),
        ("quantization", "none", None),
        ("quantization", "int8", "int8_per_channel_weight_only"),
        ("quantization", "awq", "awq"),
    ],
)
def test_older_spellings_become_vllms_names(key: str, spelling: str, name: str | None) -> None:
    asked = request(f"profile_version: 1\nmodel: {{id: a/b, {key}: {spelling}}}\n")
    assert getattr(asked.model, key) == name


def test_every_key_reaches_the_planner() -> None:
    assert request(FULL) == PlanRequest(
        model=wish.ModelWish(
            id="./models/tiny",
            revision="refs/pr/3",
            dtype="bfloat16",
            quantization="int8_per_channel_weight_only",
            kv_cache_dtype="float16",
            max_model_len=8192,
            params_b=8.0,
        ),
        hardware=wish.HardwareWish("H100", 8, 80.0, 79.19, "nvlink", 4, 2, 1),
        workload=wish.Workload(1, 2, 3, streaming=False, mode="latency"),
        policy=wish.Policy(1.0, 0.0, 2.0, 0.0),
        engine=wish.EngineWish(
            vllm_version="0.10.2",
            image="registry.example:5000/vllm/vllm-openai:v0.10.2",
            image_track="v0.10.*",
            max_num_seqs=64,
            max_num_batched_tokens=4096,
            block_size=32,
            enforce_eager=True,
            enable_expert_parallel=True,
            speculative=wish.Speculative("eagle3", "org/draft", 3),
            lora=wish.Lora(2, 64),
        ),
        vllm_args={
            "max-log-len": 10,
            "enable-prefix-caching": True,
            "compilation-config.cudagraph_mode": "FULL",
            "middleware": ("a.b", "c.d"),
            "served-model-name": None,
        },
    )
    assert parse_profile(FULL, name="p").profile.outputs.dir == "deploy/eu"


@pytest.mark.parametrize(
    ("section", "shape"),
    [
        (schema.ModelSection, wish.ModelWish),
        (schema.HardwareSection, wish.HardwareWish),
        (schema.WorkloadSection, wish.Workload),
        (schema.PolicySection, wish.Policy),
        (schema.EngineSection, wish.EngineWish),
        (schema.SpeculativeSection, wish.Speculative),
        (schema.LoraSection, wish.Lora),
    ],
)
def test_a_section_and_the_planners_input_have_the_same_keys_and_defaults(
    section: type[NamedTuple], shape: Any
) -> None:
    wished = {name: shape._field_defaults.get(name, REQUIRED) for name in shape._fields}
    given = {name: key.default for name, key in keys(section).items()}
    if section is schema.ModelSection:
        given["quantization"] = None  # "none" in a profile
    if section is schema.SpeculativeSection:
        given["revision"] = None  # the commit is found by resolving, never asked for
    assert given == wished


def test_null_means_the_default_everywhere_but_for_what_is_required() -> None:
    sections = "hardware: {gpus: null}\nworkload:\npolicy: ~\nengine: {lora: null}\noutputs:\n"
    assert request(START + sections) == request(START)
    assert refusal("profile_version: 1\nmodel: {id: null}\n") == [
        "p.yaml:2:9: model.id is required"
    ]


WORDS = {
    "hardware: {tp_sise: 2}": "3:12: unknown key 'tp_sise' in hardware. Did you mean 'tp_size'?",
    "hardware: {max_model_len: 2}": "3:12: unknown key 'max_model_len' in hardware. It belongs in "
    "model.",
    "gpus: 2": "3:1: unknown key 'gpus'. It belongs in hardware.",
    "hardware: {zzz: null}": "3:12: unknown key 'zzz' in hardware. Known: gpu_name, gpus, vram_gb, "
    "vram_gib, interconnect, tp_size, pp_size, dp_size.",
    "engine: {lora: {x: 1}}": "3:17: unknown key 'x' in engine.lora. Known: max_loras, max_rank.",
    'hardware: {gpus: "8"}': "3:12: hardware.gpus must be a whole number, not '8' (write it without"
    " quotes)",
    "hardware: {gpus: true}": "3:12: hardware.gpus must be a whole number, not true",
    "hardware: {gpus: 8.0}": "3:12: hardware.gpus must be a whole number, not 8.0",
    "hardware: {gpus: 0}": "3:12: hardware.gpus must be at least 1, not 0",
    "hardware: {gpus: 1025}": "3:12: hardware.gpus must be at most 1024, not 1025",
    "hardware: {gpus: [1]}": "3:12: hardware.gpus must be a whole number, not a list",
    "hardware: {gpu_name: 4090}": "3:12: hardware.gpu_name must be text, not 4090 (write it in "
    "quotes)",
    "hardware: {vram_gb: .inf}": "3:12: hardware.vram_gb must be a finite number, not inf",
    "hardware: {vram_gb: .nan}": "3:12: hardware.vram_gb must be a finite number, not nan",
    "hardware: {vram_gb: true}": "3:12: hardware.vram_gb must be a number, not true",
    "hardware: {vram_gb: 0}": "3:12: hardware.vram_gb must be more than 0.0, not 0",
    "hardware: {interconnect: nvlnk}": "3:12: hardware.interconnect must be one of pcie, nvlink, "
    "unknown, not 'nvlnk'. Did you mean 'nvlink'?",
    "hardware: 3": "3:1: hardware must be a mapping (key: value), not 3",
    "workload: {streaming: 1}": "3:12: workload.streaming must be true or false, not 1",
    "policy: {gpu_memory_utilization: 0}": "3:10: policy.gpu_memory_utilization must be more than "
    "0.0, not 0",
    "policy: {gpu_memory_utilization: 1.01}": "3:10: policy.gpu_memory_utilization must be at most "
    "1.0, not 1.01",
    "policy: {fragmentation_factor: 0.9}": "3:10: policy.fragmentation_factor must be at least 1.0,"
    " not 0.9",
    "policy: {headroom_gb: -1}": "3:10: policy.headroom_gb must be at least 0.0, not -1",
    "engine: {vllm_version: 0.33}": '3:10: engine.vllm_version must be a version like "0.33.0", in '
    "quotes, not 0.33",
    "engine: {vllm_version: latest}": '3:10: engine.vllm_version must be a version like "0.33.0", '
    "not 'latest'",
    "engine: {image: 'a b'}": '3:10: engine.image must be an image like "vllm/vllm-openai:v0.33.0",'
    " not 'a b'",
    "engine: {image_track: 'v 1'}": "3:10: engine.image_track must be a tag or tag glob like "
    "\"v0.33.*\", not 'v 1'",
    "engine: {speculative: {}}": "3:10: engine.speculative.method is required",
    "engine: {lora: {max_rank: 17}}": "3:17: engine.lora.max_rank must be one of 1, 8, 16, 32, 64, "
    "128, 256, 320 or 512, not 17",
    "outputs: {emit: [compos]}": "3:18: outputs.emit[0] must be one of command, compose, not "
    "'compos'. Did you mean 'compose'?",
    "outputs: {emit: [compose, compose]}": "3:11: outputs.emit must name each renderer once; "
    "'compose' stands there twice",
    "outputs: {emit: command}": "3:11: outputs.emit must be a list, not 'command'",
    "outputs: {vllm_args: {a b: 1}}": "3:23: outputs.vllm_args.a b must be the long name of a vLLM "
    "flag, like max-num-seqs, not 'a b'",
    "outputs: {vllm_args: {a: {b: 1}}}": "3:23: outputs.vllm_args.a must be a word, number, true, "
    "false, null or a list of these; write JSON as quoted text",
    "outputs: {vllm_args: {a_b: 1, --a-b: 2}}": "3:11: outputs.vllm_args names one flag twice, as "
    "'a_b' and '--a-b'",
    "outputs: {vllm_args: {a: .inf}}": "3:23: outputs.vllm_args.a must be a finite number, not inf",
}


@pytest.mark.parametrize(("line", "said"), WORDS.items(), ids=WORDS)
def test_a_slip_is_told_with_place_value_and_remedy(line: str, said: str) -> None:
    emit = ["command", "compose"]
    text = f"{START}{line}\n"
    if "emit" not in line:
        text = text.replace("outputs: {", "outputs: {emit: [], ")
        said = said if "outputs" not in line else f"3:{_moved(said)}"
        text = text if "outputs" in line else text + "outputs: {emit: []}\n"
    assert refusal(text, renderers=emit) == [f"p.yaml:{said}"]


def _moved(said: str) -> str:
    column, rest = said.removeprefix("3:").split(":", 1)
    return f"{int(column) + len('emit: [], ')}:{rest}"


def test_every_problem_of_a_file_is_told_in_the_order_of_its_lines() -> None:
    text = "model: {id: a/b}\nhardware: {gpus: 0, x: 1}\npolicy: &a {}\nengine: {block_size: -1}\n"
    assert [line.split(": ")[0] for line in refusal(text)] == [
        "p.yaml:1:1",
        "p.yaml:2:12",
        "p.yaml:2:21",
        "p.yaml:3:9",
        "p.yaml:4:10",
    ]
    many = refusal(START + "".join(f"k{n}: 1\n" for n in range(50)))
    assert len(many) == 21
    assert many[-1].startswith("p.yaml: ")


@pytest.mark.parametrize("version", ["2", "true", '"1"', "1.0"])
def test_of_another_version_only_the_version_is_told(version: str) -> None:
    said = refusal(f"profile_version: {version}\nmodle: 3\n")
    assert len(said) == 1
    wanted = "1" if version == "2" else "a whole number"
    assert said[0].startswith(f"p.yaml:1:1: profile_version must be {wanted}, not ")


@pytest.mark.parametrize(
    "name",
    ["gpt2", "org/name", "Qwen/Qwen3-8B", "a/b_c.d-e", "./x", "../x y", "/models/ä", "_a/b_"],
)
def test_hub_ids_and_folders_are_model_ids(name: str) -> None:
    assert request(f"profile_version: 1\nmodel: {{id: {json.dumps(name)}}}\n").model.id == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a/b/c",
        "models\\x",
        "~/x",
        ".",
        "..",
        "a b",
        "-a",
        "a/-b",
        "a/b.",
        "a--b",
        "a..b",
        "a.git",
        "a/",
        "/\0",
        "./a\nb",
        "x" * 97,
        "./" + "x" * 1100,
        "a/é",
        "https://x/a/b",
        "https://huggingface.co/org/name",
        "\ud800",
    ],
)
def test_other_names_are_no_model_ids(name: str) -> None:
    with pytest.raises(ProfileError, match=r"model\.id must"):
        build_profile({"profile_version": 1, "model": {"id": name}}, name="flags")


@pytest.mark.parametrize("revision", ["main", "v1.0", "refs/pr/1", "feature/x", "0" * 40, "a@b"])
def test_branches_tags_and_commits_are_revisions(revision: str) -> None:
    document = {"profile_version": 1, "model": {"id": "a", "revision": revision}}
    assert build_profile(document, name="flags").model.revision == revision


@pytest.mark.parametrize(
    "revision",
    [
        "",
        " ",
        "a b",
        "-x",
        "/x",
        "x/",
        "x.",
        "a..b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "a@{1}",
        "x.lock",
        "a\nb",
        "x" * 256,
        "a//b",
        ".x",
        "a/.b",
    ],
)
def test_what_git_refuses_is_no_revision(revision: str) -> None:
    document = {"profile_version": 1, "model": {"id": "a", "revision": revision}}
    with pytest.raises(ProfileError, match=r"flags: model\.revision must be a branch"):
        build_profile(document, name="flags")


@pytest.mark.parametrize(
    ("folder", "kept"), [("deploy", "deploy"), ("./a//b/", "a/b"), ("a/..b", "a/..b"), ("~", "~")]
)
def test_artifacts_go_below_the_root(folder: str, kept: str) -> None:
    document = {"profile_version": 1, "model": {"id": "a"}, "outputs": {"dir": folder}}
    assert build_profile(document, name="flags").outputs.dir == kept


@pytest.mark.parametrize(
    "folder",
    [
        "",
        ".",
        "/",
        "/x",
        "..",
        "../x",
        "a/../../b",
        "a/..",
        "a\\b",
        "C:x",
        "c:/x",
        "a\0",
        "a\nb",
        ".git",
        "a/.GIT/hooks",
        ".github/workflows",
        ".GitHub/workflows./x",
        "deploy/.git ",
        "git~1/hooks",
        "deploy/.g\u200cit",
        ".github/Workflows/x",
        "x" * 300,
        "a/" * 600,
    ],
)
def test_artifacts_never_leave_the_root_nor_touch_git(folder: str) -> None:
    document = {"profile_version": 1, "model": {"id": "a"}, "outputs": {"dir": folder}}
    with pytest.raises(ProfileError, match=r"flags: outputs\.dir must"):
        build_profile(document, name="flags")


def test_a_file_is_read_with_the_place_of_each_key(tmp_path: Path) -> None:
    path = tmp_path / "chat.yaml"
    path.write_text(SEED, encoding="utf-8")
    loaded = load_profile(path)
    assert loaded.path == str(path)
    assert loaded.text == SEED
    assert loaded.position("hardware.tp_size") == (18, 3)
    assert loaded.position("model") == (4, 1)
    assert loaded.position("engine.image") is None
    flagged = load_profile("x", FULL)
    key = "outputs.vllm_args.compilation_config.cudagraph_mode"
    assert flagged.position(key) == (31, 5)


def test_a_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "chat.yaml").write_text(SEED, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"caht.yaml: no such file\. Did you mean 'chat.yaml'\?"):
        load_profile(tmp_path / "caht.yaml")
    with pytest.raises(ProfileError, match="cannot be read: Is a directory"):
        load_profile(tmp_path)
    with pytest.raises(ProfileError, match="no such file"):
        load_profile(tmp_path / "none" / "x.yaml")
    with pytest.raises(ProfileError, match="is not a file name"):
        load_profile("a\0b")


def test_the_names_of_this_vllm_are_known() -> None:
    flags = catalogue.load("vllm/0.33.0")["flags"]
    assert list(get_args(KvCacheDtypeName)) == flags["kv-cache-dtype"]["known"]
    assert set(flags["quantization"]["known"]) < set(get_args(QuantizationName))
