"""From a profile to its plan, against a hub that answers from memory."""

from dataclasses import dataclass, field

import pytest
from configs import LLAMA_3_1_8B, QWEN2_5_0_5B

from replanner.errors import InputError, UnsupportedModel
from replanner.planning.model_files import ModelFiles, UpstreamFile
from replanner.planning.record import PlanRecord
from replanner.planning.request import Speculative
from replanner.planning.result import EngineConfig
from replanner.profile import parse_profile
from replanner.resolve import Place, Planner

PLACE = Place("profiles/chat.yaml", "chat")
OLD, NEW = "a" * 40, "b" * 40
UNKNOWN = {"architectures": ["NobodyKnowsForCausalLM"], "model_type": "nobody"}


@dataclass
class MemoryHub:
    """Models by id; `asked` keeps what was fetched."""

    models: dict[str, ModelFiles]
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        self.asked.append((model_id, revision, commit))
        found = self.models[model_id]
        return found._replace(revision=revision, commit=commit or found.commit)

    def resolve(self, model_id: str, revision: str) -> str | None:
        del revision
        return self.models[model_id].commit


def files(config: dict[str, object], **changes: object) -> ModelFiles:
    listed = (UpstreamFile("config.json", "git:1", 700),)
    whole = ModelFiles("org/llama", "main", NEW, config, None, None, listed)
    return whole._replace(**changes)  # type: ignore[arg-type]


def planned(text: str, hub: MemoryHub, pinned: PlanRecord | None = None) -> PlanRecord:
    return Planner(hub).record(parse_profile(text, name="p").profile, PLACE, pinned=pinned)


def profile(model: str = "org/llama", *, gpu: str = "H100", more: str = "") -> str:
    return f"profile_version: 1\nmodel: {{id: {model}{more}}}\nhardware: {{gpu_name: {gpu}}}\n"


HUB = {"org/llama": files(LLAMA_3_1_8B), "org/tiny": files(QWEN2_5_0_5B)}


def codes(record: PlanRecord) -> set[str]:
    return {finding.code for finding in record.plan.findings}


def test_the_inputs_say_what_the_plan_rests_on() -> None:
    inputs = planned(profile(), MemoryHub(HUB)).inputs
    assert inputs.profile_path == "profiles/chat.yaml"
    assert inputs.profile_values == {
        "profile_version": 1,
        "model.id": "org/llama",
        "hardware.gpu_name": "H100",
    }
    assert inputs.model_files == {"config.json": "git:1"}
    assert inputs.gpu_facts["memory_bandwidth_bytes_per_s"] == 3_350_000_000_000


def test_the_commit_is_resolved_anew_unless_a_plan_pins_it() -> None:
    hub = MemoryHub(HUB)
    first = planned(profile(), hub)
    assert first.plan.config.revision == NEW
    old = first._replace(plan=first.plan._replace(model=first.plan.model._replace(commit=OLD)))
    assert planned(profile(), hub, pinned=old).plan.config.revision == OLD


def test_a_pin_does_not_outlive_a_change_of_model_or_revision() -> None:
    hub = MemoryHub(HUB)
    first = planned(profile(), hub)
    other = planned(profile(more=", revision: v2"), hub, pinned=first)
    assert hub.asked[-1] == ("org/llama", "v2", None)
    assert other.plan.model.revision == "v2"


def test_a_size_given_by_hand_answers_for_an_unknown_architecture_and_says_so() -> None:
    hub = MemoryHub({"org/odd": files(UNKNOWN)})
    with pytest.raises(UnsupportedModel):
        planned(profile("org/odd"), hub)
    guessed = planned(profile("org/odd", more=", params_b: 8"), hub)
    assert "guessed_model" in codes(guessed)
    assert guessed.plan.model.parameters == pytest.approx(8e9, rel=0.05)


def test_a_size_given_by_hand_never_beats_what_the_configuration_says() -> None:
    record = planned(profile(more=", params_b: 70"), MemoryHub(HUB))
    assert record.plan.model.parameters == 8_030_261_248
    assert "guessed_model" not in codes(record)


def test_gpus_of_this_machine_are_not_looked_for_here() -> None:
    with pytest.raises(InputError, match=r"profiles/chat\.yaml: hardware\.gpu_name is auto"):
        planned(profile(gpu="auto"), MemoryHub(HUB))


def test_a_renamed_model_and_code_of_its_own_are_pointed_out() -> None:
    config = {**LLAMA_3_1_8B, "auto_map": {"AutoConfig": "configuration_llama.Config"}}
    hub = MemoryHub({"org/llama": files(config, moved_to="org/llama-new")})
    assert {"model_renamed", "model_brings_code"} <= codes(planned(profile(), hub))
    trusted = profile() + "outputs: {vllm_args: {trust-remote-code: true}}\n"
    assert "model_brings_code" not in codes(planned(trusted, hub))


def test_a_draft_model_is_fetched_and_counted() -> None:
    text = profile() + (
        "engine: {speculative: {method: draft_model, model: org/tiny, num_tokens: 3}}\n"
    )
    hub = MemoryHub(HUB)
    with_draft = planned(text, hub).plan.feasibility.memory.weights_bytes
    without = planned(profile(), hub).plan.feasibility.memory.weights_bytes
    assert with_draft > without
    assert ("org/tiny", "main") in {(asked[0], asked[1]) for asked in hub.asked}


def test_a_draft_models_commit_is_recorded_and_pinned_like_the_models() -> None:
    text = profile() + "engine: {speculative: {method: eagle3, model: org/tiny}}\n"
    hub = MemoryHub(HUB)
    first = planned(text, hub)
    assert first.plan.config.speculative == Speculative("eagle3", "org/tiny", 1, NEW)
    assert first.inputs.draft_files == {"config.json": "git:1"}
    draft = Speculative("eagle3", "org/tiny", 1, OLD)
    old = first._replace(plan=first.plan._replace(config=_with_draft(first, draft)))
    assert planned(text, hub, pinned=old).plan.config.speculative == draft
    other = _with_draft(first, draft._replace(model="org/llama"))
    old = first._replace(plan=first.plan._replace(config=other))
    assert planned(text, hub, pinned=old).plan.config.speculative.revision == NEW  # type: ignore[union-attr]


def _with_draft(of: PlanRecord, draft: Speculative) -> EngineConfig:
    return of.plan.config._replace(speculative=draft)


def test_speculation_without_a_draft_model_has_no_draft_to_pin() -> None:
    text = profile() + "engine: {speculative: {method: ngram, num_tokens: 3}}\n"
    record = planned(text, MemoryHub(HUB))
    assert record.plan.config.speculative == Speculative("ngram", None, 3)
    assert record.inputs.draft_files == {}


def test_a_checkpoint_that_is_quantized_is_not_told_its_method() -> None:
    config = {**LLAMA_3_1_8B, "quantization_config": {"quant_method": "fp8"}}
    asked = profile(more=", quantization: fp8")
    assert planned(asked, MemoryHub({"org/llama": files(config)})).plan.config.quantization is None
    online = profile(more=", quantization: fp8_per_tensor")
    assert planned(online, MemoryHub(HUB)).plan.config.quantization == "fp8_per_tensor"


def test_interconnect_overrides_how_the_card_is_usually_linked() -> None:
    def speed(kind: str) -> float:
        linked = f"H100 PCIe, gpus: 4, interconnect: {kind}"
        return planned(profile(gpu=linked), MemoryHub(HUB)).plan.performance.ttft_ms.expected

    assert speed("nvlink") < speed("pcie")
    assert speed("unknown") == speed("pcie")


@pytest.mark.parametrize(
    ("model_type", "version", "starts"),
    [("llama", "0.33.0", True), ("exaone", "0.33.0", False), ("exaone", "0.19.0", True)],
)
def test_code_that_vllm_would_have_to_run_is_refused_unless_it_is_trusted(
    model_type: str,
    version: str,
    starts: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Neither vLLM 0.33.0 nor its transformers has a class for `exaone` (EXAONE 3.5)."""
    brings = {"auto_map": {"AutoConfig": "configuration_exaone.ExaoneConfig"}}
    config = {**LLAMA_3_1_8B, **brings, "model_type": model_type}
    hub = MemoryHub({"org/llama": files(config)})
    engine = f'engine: {{vllm_version: "{version}"}}\n'
    plain = planned(profile() + engine, hub)
    assert plain.plan.feasibility.starts is starts
    assert ("needs_remote_code" in codes(plain)) is not starts
    trusted = "outputs: {vllm_args: {trust-remote-code: true}}\n"
    assert planned(profile() + engine + trusted, hub).plan.feasibility.starts
