"""Engine configurations as bad as a profile lets them be."""

from typing import Any

from hypothesis import strategies as st
from samples import config, record

from replanner.planning.request import Lora, Speculative
from replanner.planning.result import EngineConfig, Plan
from replanner.render import RenderContext

SNIPPETS = [
    "$(touch PWNED)",
    "`touch PWNED`",
    "${HOME} $HOME $$ $(VAR) $$(VAR)",
    "'; touch PWNED; '",
    '"; touch PWNED; "',
    "\\",
    "a\nb: c\n# d",
    "\u2028\u2029",
    "--config=x",
    "1e3",
    "0o17",
    "yes",
    "null",
    "{{ .Values.x }}",
    "#",
    "é 漢 🙂 \u202e",
    "@/etc/passwd",
    "a,b:c=d",
    "",
]
characters = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t")
text = st.text(characters, max_size=30)
value = st.one_of(st.sampled_from(SNIPPETS), text, st.tuples(text, text).map(" ".join))
model = value.filter(lambda v: v and not v.startswith(("-", "./", "../", "/")))
folder = st.tuples(st.sampled_from(["./", "../", "/"]), value).map("".join)

extra_args = st.fixed_dictionaries(
    {},
    optional={
        "chat_template": value,
        "served-model-name": value | st.lists(value, min_size=1, max_size=3).map(tuple),
        "middleware": st.lists(value, max_size=2).map(tuple),
        "enable-prefix-caching": st.none() | st.booleans(),
        "disable_cascade_attn": st.booleans(),
        "seed": st.integers(-(2**31), 2**31),
        "port": st.integers(1, 65535),
        "hf-overrides": st.dictionaries(text, value, max_size=2),
        "hf_overrides.rope_parameters.type": value,
        "disable-log-stats": st.booleans(),
    },
)


def _first_dash(args: dict[str, Any]) -> bool:
    names = args.get("served-model-name", "")
    return isinstance(names, tuple) and any(n.startswith("-") for n in names)


configs: st.SearchStrategy[EngineConfig] = st.builds(
    config,
    model=model,
    revision=st.none() | value,
    tensor_parallel_size=st.sampled_from([1, 2, 8]),
    pipeline_parallel_size=st.sampled_from([1, 2]),
    data_parallel_size=st.sampled_from([1, 4]),
    enable_expert_parallel=st.booleans(),
    enforce_eager=st.booleans(),
    kv_cache_dtype=st.sampled_from(["auto", "fp8"]),
    gpu_memory_utilization=st.floats(0.01, 1),
    block_size=st.none() | st.sampled_from([16, 32]),
    speculative=st.none()
    | st.builds(Speculative, method=value, model=st.none() | value, revision=st.none() | value),
    lora=st.none() | st.builds(Lora, max_rank=st.sampled_from([8, 64])),
    pooling=st.booleans(),
    vendor=st.sampled_from(["nvidia", "amd"]),
    extra_args=extra_args.filter(lambda args: not _first_dash(args)),
)
folder_configs = st.builds(
    EngineConfig._replace, configs, model=folder, revision=st.none(), extra_args=st.just({})
)
contexts = st.builds(RenderContext, identity=value, name=value, root=st.just("../.."))


def plan(engine: EngineConfig | None = None, **changes: Any) -> Plan:
    """The sample plan with this engine, or with these changes to its configuration."""
    whole = record(config=changes).plan
    return whole._replace(config=engine) if engine else whole
