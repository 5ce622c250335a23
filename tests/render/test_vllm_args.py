from typing import Any

import pytest
from hostile import configs
from hypothesis import given
from samples import config

from replanner.errors import InputError
from replanner.planning.request import Lora, Speculative
from replanner.render import check_config, serve_argv
from replanner.render.vllm_args import port_of, serve_groups


def flag(argv: list[str], name: str) -> str | None:
    return argv[argv.index(name) + 1] if name in argv else None


def test_plain_configuration_is_spelled_out_in_a_fixed_order() -> None:
    assert serve_argv(config()) == [
        *("vllm", "serve", "meta-llama/Llama-3.1-8B-Instruct"),
        *("--revision", "a" * 40),
        *("--tensor-parallel-size", "1"),
        *("--dtype", "bfloat16"),
        *("--gpu-memory-utilization", "0.92"),
        *("--max-model-len", "131072"),
        *("--max-num-seqs", "256"),
        *("--max-num-batched-tokens", "8192"),
    ]


def test_every_setting_of_the_engine_has_its_flag() -> None:
    argv = serve_argv(
        config(
            tensor_parallel_size=2,
            pipeline_parallel_size=3,
            data_parallel_size=4,
            enable_expert_parallel=True,
            quantization="fp8",
            kv_cache_dtype="fp8_e4m3",
            block_size=32,
            enforce_eager=True,
            speculative=Speculative("eagle3", "acme/d", 3, "c0ff"),
            lora=Lora(4, 32),
            pooling=True,
        )
    )
    assert argv[5:] == [
        *("--tensor-parallel-size", "2"),
        *("--pipeline-parallel-size", "3"),
        *("--data-parallel-size", "4"),
        "--enable-expert-parallel",
        *("--dtype", "bfloat16"),
        *("--quantization", "fp8"),
        *("--kv-cache-dtype", "fp8_e4m3"),
        *("--gpu-memory-utilization", "0.92"),
        *("--max-model-len", "131072"),
        *("--max-num-seqs", "256"),
        *("--max-num-batched-tokens", "8192"),
        *("--block-size", "32"),
        "--enforce-eager",
        "--speculative-config",
        '{"method": "eagle3", "model": "acme/d", "num_speculative_tokens": 3, "revision": "c0ff"}',
        "--enable-lora",
        *("--max-loras", "4"),
        *("--max-lora-rank", "32"),
        *("--runner", "pooling"),
    ]


def test_speculation_without_a_draft_model_names_none() -> None:
    argv = serve_argv(config(speculative=Speculative("ngram", None, 2)))
    assert flag(argv, "--speculative-config") == '{"method": "ngram", "num_speculative_tokens": 2}'


def test_runner_given_by_the_user_stands() -> None:
    argv = serve_argv(config(pooling=True, extra_args={"runner": "generate"}))
    assert argv.count("--runner") == 1
    assert flag(argv, "--runner") == "generate"


def test_extra_arguments_come_last_whatever_their_order() -> None:
    one = serve_argv(config(extra_args={"seed": 1, "generation_config": "vllm"}))
    other = serve_argv(config(extra_args={"generation_config": "vllm", "seed": 1}))
    assert one == other
    assert one[-4:] == ["--generation-config", "vllm", "--seed", "1"]


@pytest.mark.parametrize(
    ("key", "decided_by"),
    [
        ("tensor-parallel-size", "hardware.tp_size"),
        ("tensor_parallel_size", "hardware.tp_size"),
        ("tp", "hardware.tp_size"),
        ("no-enforce-eager", "engine.enforce_eager"),
        ("disable_expert_parallel", "engine.enable_expert_parallel"),
        ("speculative-config.method", "engine.speculative"),
        ("spec_model", "engine.speculative.model"),
        ("model", "model.id"),
        ("q", "model.quantization"),
        ("max-model-len", "model.max_model_len"),
    ],
)
def test_flag_that_the_plan_decides_is_refused_with_its_profile_key(
    key: str, decided_by: str
) -> None:
    with pytest.raises(InputError, match=rf"the profile key for it is {decided_by}\."):
        serve_argv(config(extra_args={key: 1}))


@pytest.mark.parametrize("key", ["api-key", "hf_token", "config", "help", "h", "uds"])
def test_flag_that_no_artifact_may_carry_is_refused(key: str) -> None:
    with pytest.raises(InputError, match="cannot be passed"):
        serve_argv(config(extra_args={key: "x"}))


def test_one_flag_under_two_names_is_refused() -> None:
    with pytest.raises(InputError, match="already sets --enable-prefix-caching"):
        serve_argv(
            config(extra_args={"enable-prefix-caching": True, "disable_prefix_caching": True})
        )


def test_json_keys_of_one_flag_may_stand_side_by_side() -> None:
    extra = {"kernel_config.a": 1, "kernel_config.b_c": "x", "kernel-config.d": True}
    argv = serve_argv(config(extra_args=extra))
    assert argv[-6:] == [
        *("--kernel-config.a", "1"),
        *("--kernel-config.b_c", "x"),
        *("--kernel-config.d", "true"),
    ]


def test_tokenizer_of_another_repository_needs_its_own_revision() -> None:
    with pytest.raises(InputError, match="at the model's commit") as caught:
        serve_argv(config(extra_args={"tokenizer": "acme/other"}))
    assert "tokenizer-revision" in caught.value.hint


@pytest.mark.parametrize(
    "extra",
    [
        {"tokenizer": "acme/other", "tokenizer_revision": "b" * 40},
        {"tokenizer": "./folder"},
        {"tokenizer": "meta-llama/Llama-3.1-8B-Instruct"},
        {"tokenizer": None},
    ],
)
def test_tokenizer_that_can_be_found_is_passed(extra: dict[str, Any]) -> None:
    assert serve_argv(config(extra_args=extra))


@pytest.mark.parametrize("model", ["", "-x", "--help"])
def test_model_that_reads_as_a_flag_is_refused(model: str) -> None:
    with pytest.raises(InputError, match="would be read as a flag"):
        serve_argv(config(model=model))


@pytest.mark.parametrize("bad", ["a\0b", "a\x1b[31m", "a\rb", "\ud800", "\x85"])
def test_control_characters_are_refused_wherever_they_stand(bad: str) -> None:
    for engine in (config(model=f"m{bad}"), config(extra_args={"chat-template": bad})):
        with pytest.raises(InputError, match="control character"):
            serve_argv(engine)


def test_wrong_value_of_the_profile_is_refused_with_its_key() -> None:
    with pytest.raises(InputError, match=r"engine\.lora\.max_rank: --max-lora-rank .*'17'"):
        serve_argv(config(lora=Lora(1, 17)))
    with pytest.raises(InputError, match=r"model\.kv_cache_dtype: .* Did you mean 'fp8_e4m3'"):
        serve_argv(config(kv_cache_dtype="fp8_e4m3fn"))


def test_version_without_a_table_is_said_and_its_new_flags_pass() -> None:
    engine = config(vllm_version="0.40.0", extra_args={"brand-new": True, "a.b": 1})
    assert [f.code for f in check_config(engine)] == ["flags_unchecked"]
    assert serve_argv(engine)[-3:] == ["--a.b", "1", "--brand-new"]


def test_flag_that_no_figure_accounts_for_is_said() -> None:
    extra = {"cpu_offload_gb": 4, "hf-overrides.x": 1, "nnodes": None, "seed": 1}
    found = check_config(config(extra_args=extra))
    assert [(f.code, f.setting) for f in found] == [
        ("flag_not_planned", "outputs.vllm_args.cpu_offload_gb"),
        ("flag_not_planned", "outputs.vllm_args.hf-overrides.x"),
    ]


@pytest.mark.parametrize(
    ("extra", "port"),
    [({}, 8000), ({"port": 9000}, 9000), ({"port": "9000"}, 9000), ({"port": None}, 8000)],
)
def test_port_is_vllms_unless_given(extra: dict[str, Any], port: int) -> None:
    assert port_of(config(extra_args=extra)) == port


@pytest.mark.parametrize("port", [0, -1, 65536, "x", "٣", 1.5, True])
def test_port_out_of_range_is_refused(port: Any) -> None:
    with pytest.raises(InputError, match="is no port"):
        port_of(config(extra_args={"port": port}))


@given(configs)
def test_argv_is_the_groups_in_order_and_always_the_same(engine: Any) -> None:
    argv = serve_argv(engine)
    assert argv == [item for group in serve_groups(engine) for item in group] == serve_argv(engine)
    assert argv[:3] == ["vllm", "serve", engine.model]
    assert all(isinstance(item, str) for item in argv)
    assert all(group[0].startswith("--") for group in serve_groups(engine)[1:])
