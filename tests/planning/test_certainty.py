"""What a plan says of its own figures: what each rests on, and how far off it may be."""

from typing import Any

import pytest
from deployments import FACTS, planned
from test_calibration import measured

from replanner import catalogue
from replanner.planning.certainty import certainties, grounds_of
from replanner.planning.facts import Parallel
from replanner.planning.feasibility import Situation, assess
from replanner.planning.guess import guess_facts
from replanner.planning.profile_run import Steps
from replanner.planning.record import Inputs, PlanRecord, document, identity
from replanner.planning.request import Lora, Policy, Workload
from replanner.planning.result import CERTAIN_FIGURES, Certainty, Plan
from replanner.planning.stored import parse_document

GIB = 1024**3
WITHIN = catalogue.load("vllm/seen")["within"]


def trusted(plan: Plan, name: str) -> Certainty:
    return plan.feasibility.certainty[name]


def bases(plan: Plan) -> dict[str, str]:
    return {name: one.basis for name, one in plan.feasibility.certainty.items()}


def doc(plan: Plan) -> dict[str, Any]:
    return document(PlanRecord(plan, Inputs("p.yaml", "p", {}, {}, {}, "1", "1")))


def test_on_a_gpu_that_logs_agree_about_only_the_overheads_are_modelled() -> None:
    found = bases(planned("llama-8b"))
    assert set(found) == set(CERTAIN_FIGURES)
    exact = {name for name, basis in found.items() if basis == "exact"}
    assert exact == {"weights_gib", "kv_needed_gib"}
    assert set(found.values()) == {"exact", "modelled"}


def test_every_figure_of_the_document_that_is_computed_says_what_it_rests_on() -> None:
    found = doc(planned("llama-8b"))
    assert set(found["certainty"]) <= set(found["feasibility"])
    assert set(found["certainty"]) == set(CERTAIN_FIGURES)


@pytest.mark.parametrize(
    ("changes", "name", "why"),
    [
        ({"hardware__gpu_name": "RTX 3090", "hardware__gpus": 4}, "non_torch_gib", "PCIe"),
        ({"hardware__gpu_name": "L4"}, "activation_gib", "compilation"),
        ({"hardware__gpu_name": "GB10"}, "non_torch_gib", "share"),
        ({"hardware__gpu_name": "MI300X"}, "cuda_graph_gib", "NVIDIA"),
        ({"engine__vllm_version": "0.6.4"}, "non_torch_gib", "context"),
        ({"engine__vllm_version": "0.9.2", "hardware__gpus": 2}, "non_torch_gib", "0.10.2"),
    ],
)
def test_where_logs_disagree_or_are_few_it_is_a_guess_and_so_is_what_is_left(
    changes: dict[str, Any], name: str, why: str
) -> None:
    plan = planned("llama-8b", **changes)
    assert trusted(plan, name).basis == "guessed"
    assert why in trusted(plan, name).why
    left = trusted(plan, "kv_cache_gib")
    assert left.basis == "guessed"
    assert left == trusted(plan, "headroom_gib")
    assert trusted(plan, "weights_gib").basis == "exact"


@pytest.mark.parametrize(("version", "basis"), [("0.19.0", "measured"), ("0.20.0", "modelled")])
def test_graphs_count_for_the_pool_only_where_the_release_takes_them_off_it(
    version: str, basis: str
) -> None:
    told = measured(vllm_version=version, cuda_graph_gib=None, counted_graph_gib=None)
    plan = planned("llama-8b", engine__vllm_version=version, policy__measured=told)
    assert trusted(plan, "cuda_graph_gib").basis == "modelled"
    assert trusted(plan, "kv_cache_gib").basis == basis


def test_no_graphs_are_no_model() -> None:
    eager = planned("llama-8b", engine__enforce_eager=True)
    assert trusted(eager, "cuda_graph_gib") == Certainty("exact", 0.0)


def test_a_pool_is_off_by_a_share_of_what_may_be_used_and_its_tokens_in_proportion() -> None:
    plan = planned("llama-8b")
    left, memory = trusted(plan, "kv_cache_gib"), plan.feasibility.memory
    share = WITHIN["kv_cache"]["modelled"]["value"] / 100
    assert left.within == pytest.approx(share * memory.budget_bytes / GIB, abs=0.001)
    assert left.within is not None
    part = left.within * GIB / memory.kv_cache_bytes
    tokens = trusted(plan, "kv_cache_tokens").within
    assert tokens == pytest.approx(part * plan.feasibility.kv_cache_tokens, rel=0.01)


def test_of_a_pool_that_is_missing_tokens_cannot_be_off() -> None:
    plan = planned("llama-70b", hardware__gpus=1)
    assert plan.feasibility.memory.kv_cache_bytes < 0
    assert trusted(plan, "kv_cache_tokens").within is None
    assert trusted(plan, "kv_cache_gib").within


def test_what_a_server_printed_is_measured() -> None:
    plan = planned("llama-8b", engine__vllm_version="0.19.0", policy__measured=measured())
    assert set(bases(plan).values()) == {"measured", "exact"}
    assert trusted(plan, "kv_cache_gib").within == pytest.approx(0.1)
    assert bases(plan)["kv_needed_gib"] == "exact"


def test_what_a_profile_says_is_given_and_the_weights_are_ours() -> None:
    plan = planned("llama-8b", policy__overhead_gb=3.0)
    assert trusted(plan, "activation_gib") == Certainty("given")
    left = trusted(plan, "kv_cache_gib")
    assert (left.basis, left.within) == ("given", trusted(plan, "weights_gib").within)


def test_a_model_of_which_only_the_size_is_known_claims_nothing_and_is_no_low_risk() -> None:
    facts = guess_facts(8.0)
    grounds = grounds_of(facts, Parallel(), Steps(8192, 1024, "bfloat16", "0.19.0"))
    feasibility = planned("llama-8b").feasibility
    found = certainties(grounds, feasibility)
    assert {found[name] for name in ("weights_gib", "kv_cache_gib", "kv_needed_gib")} == {
        Certainty("guessed", None, facts.guess)
    }


def test_a_guessed_draft_makes_the_weights_a_guess() -> None:
    config, draft = planned("llama-8b").config, guess_facts(0.6)
    situation = Situation(FACTS["llama-8b"], 80 * GIB, Policy(), Workload(), (9, 0), draft)
    found = assess(config, situation, refused=False)
    assert found.certainty["weights_gib"] == Certainty("guessed", None, draft.guess)
    assert found.oom_risk == "medium"


def test_less_room_than_the_pool_may_be_off_is_a_risk() -> None:
    """Llama 3.1 8B on GPUs of 16 to 40 GiB, of which all may be used."""
    config = planned("llama-8b", model__max_model_len=8192).config._replace(
        gpu_memory_utilization=1.0
    )
    risks = []
    for tenths in range(160, 400):
        situation = Situation(
            FACTS["llama-8b"], tenths * GIB // 10, Policy(), Workload(), (9, 0), nvlink=True
        )
        found = assess(config, situation, refused=False)
        near_gib = found.certainty["kv_cache_gib"].within
        pool = found.memory.kv_cache_bytes
        spare = min(found.headroom_bytes, pool - found.kv_needed_bytes - 16 * 128 * 1024)
        assert near_gib is not None
        expected = "high" if spare < 0 else "medium" if spare < near_gib * GIB else "low"
        risks.append(found.oom_risk)
        assert found.oom_risk == expected or abs(spare - near_gib * GIB) < GIB / 1000
    assert sorted(set(risks)) == ["high", "low", "medium"]


def test_it_is_no_part_of_what_a_plan_is_known_by() -> None:
    found = doc(planned("llama-8b"))
    assert identity({**found, "certainty": {}}) == identity(found)


def test_a_plan_is_read_back_with_it_and_without() -> None:
    plan = planned("llama-8b", hardware__gpu_name="L4")
    found = doc(plan)
    assert parse_document(found).plan.feasibility.certainty == plan.feasibility.certainty
    del found["certainty"]
    assert parse_document(found).plan.feasibility.certainty == {}


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        [],
        {"weights_gib": 1},
        {"weights_gib": {"basis": "sure", "within": 1.0}},
        {"weights_gib": {"basis": "exact", "within": -1.0}},
        {"weights_gib": {"basis": "exact", "within": 1e30}},
        {"weights_gib": {"basis": "guessed", "within": None, "why": "\x1b[31m"}},
        {f"other{number}": {"basis": "exact"} for number in range(3000)},
    ],
)
def test_what_cannot_be_read_of_it_is_left_out_and_the_plan_is_read(hostile: object) -> None:
    """It decides nothing, and a later planner may know more."""
    found = parse_document({**doc(planned("llama-8b")), "certainty": hostile})
    assert found.plan.feasibility.certainty == {}


def test_the_pool_is_no_surer_than_what_is_taken_off_it() -> None:
    """A small model on a small GPU: the share of the budget is less than the activations' part."""
    plan = planned("llama-8b", hardware__vram_gib=20.0, engine__vllm_version="0.19.0")
    found = plan.feasibility.certainty
    assert found["kv_cache_gib"].basis == "guessed" or (
        (found["kv_cache_gib"].within or 0) >= (found["activation_gib"].within or 0)
    )


def test_adapters_and_heads_are_sized_by_the_layers_that_they_go_with() -> None:
    plan = planned("llama-8b", engine__lora=Lora(max_loras=2, max_rank=16))
    assert trusted(plan, "weights_gib").basis == "modelled"
    assert trusted(plan, "kv_needed_gib").basis == "exact"


def test_the_risk_follows_from_other_figures_and_is_no_news_alone() -> None:
    found = doc(planned("llama-8b"))
    riskier = {**found, "feasibility": {**found["feasibility"], "oom_risk": "medium"}}
    assert identity(riskier) == identity(found)
    worse = {**found, "feasibility": {**found["feasibility"], "kv_cache_tokens": 1}}
    assert identity(worse) != identity(found)


def test_nothing_is_claimed_of_a_handful_of_cases() -> None:
    rows = [row for bases_ in WITHIN.values() for row in bases_.values()]
    assert all(row["cases"] >= 10 and row["value"] > 0 for row in rows)
    assert WITHIN["kv_cache"]["modelled"]["value"] < WITHIN["kv_cache"]["guessed"]["value"]
