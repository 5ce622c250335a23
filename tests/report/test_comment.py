"""The comment below a pull request: verdict first, one thing to do, within its budget, and
nothing foreign alive in it."""

import os
from pathlib import Path

import hostile_reviews as hostile
import pytest
import reviews as of
from hypothesis import given, settings
from rendered import alive, is_sound, read
from reviews import LOOK, changed, planned, review, unchanged

from replanner.report.comment import comment
from replanner.report.headline import sentence
from replanner.report.look import Look, Past
from replanner.report.review import Breach, Edit, Position, Review, Reviewed, Trouble

GOLDENS = Path(__file__).parent / "goldens"
SCENES = {"one_profile": of.one_profile, "twelve_profiles": of.twelve_profiles}
SCENES["all_states"] = of.all_states
GPUS = {"hardware__gpus": 4}


@pytest.mark.parametrize("scene", SCENES)
def test_the_comment_is_the_one_that_was_looked_at(scene: str) -> None:
    """After a change that is meant: UPDATE_GOLDENS=1 pytest tests/report/test_comment.py, and look
    at what git says has changed."""
    path, told = GOLDENS / f"{scene}.md", comment(SCENES[scene](), LOOK) + "\n"
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("scene", SCENES)
def test_the_first_screen_needs_no_click(scene: str) -> None:
    """Verdict, table and the one alert stand before anything that is folded."""
    first = comment(SCENES[scene](), LOOK).partition("<details>")[0]
    assert first.startswith("### ")
    assert first.count("> [!") == 1
    assert "| :-- |" in first
    assert is_sound(comment(SCENES[scene](), LOOK))


def one(told: Review) -> str:
    return comment(told, LOOK).splitlines()[0]


def test_a_profile_that_breaks_leads_with_its_cause() -> None:
    bad = changed("a", planned("a", of.LLAMA_70B, **GPUS), planned("a", of.LLAMA_70B))
    assert one(review(bad)) == (
        "### ❌ <code>a</code> no longer starts because weights grew by 96.4 GiB"
    )
    told = comment(review(bad), LOOK)
    assert "**To unblock:** in [<code>profiles/a.yaml</code>]" in told
    assert "set <code>hardware.gpus: 2</code> (fits, with" in told
    assert "+ left for KV cache       −59.4 GiB   missing before any KV cache" in told


def test_an_edit_names_its_line_and_what_it_does() -> None:
    edit = Edit("profiles/a.yaml", 9, "  gpus: 2", "hardware.gpus", "2", "fits")
    bad = changed(
        "a", planned("a", of.LLAMA_70B, **GPUS), planned("a", of.LLAMA_70B), edits=(edit,)
    )
    told = comment(review(bad), LOOK)
    place = f"https://github.com/acme/infra/blob/{of.HEAD}/profiles/a.yaml#L9"
    assert (
        f"in [<code>profiles/a.yaml:9</code>]({place}) set <code>hardware.gpus: 2</code> (fits)"
        in told
    )


def test_where_nothing_helps_that_is_said() -> None:
    huge = planned("a", of.LLAMA_70B, hardware__gpu_name="T4")
    bad = changed("a", None, huge._replace(plan=huge.plan._replace(fixes=())))
    assert "no single change that was tried makes <code>a</code> fit" in comment(review(bad), LOOK)


def test_hosts_without_alerts_get_a_plain_quote() -> None:
    told = comment(of.one_profile(), LOOK._replace(alerts=False))
    assert "[!" not in told
    assert "\n> **To unblock:** in" in told


def test_small_news_has_no_alert() -> None:
    bumped = [
        changed(name, planned(name), planned(name, commit="b" * 40), level="safe") for name in "ab"
    ]
    told = comment(review(*bumped), LOOK)
    assert told.startswith("### ✅ 2 profiles changed, all fit")
    assert "> " not in told.partition("<details>")[0]


def test_nothing_to_tell_is_one_line() -> None:
    still = review(unchanged("a"))
    assert one(still) == "### ✅ No profile's memory or performance changes"
    past = LOOK._replace(history=(Past("c" * 40, "❌ a no longer starts"),))
    told = comment(still, past)
    assert told.startswith("### ✅ No profile's memory or performance changes any more\n")
    assert "- <code>ccccccc</code> ❌ a no longer starts" in told


def test_stale_files_alone_are_worth_a_word() -> None:
    stale = review(unchanged("a", level="warning", stale=("deploy/a/plan.json",)))
    assert one(stale).endswith("changes, but 1 generated file is out of date")
    assert "add the label <code>replanner:apply</code>" in comment(stale, LOOK)


def test_old_troubles_are_nobodys_fault() -> None:
    sick = planned("a", of.LLAMA_70B)
    told = comment(review(unchanged("a", record=sick, level="infeasible", inherited=True)), LOOK)
    assert told.startswith("### ✅")
    assert "<code>a</code> did not start on <code>main@&#8203;9d8e7f6</code> already" in told
    assert "[!" not in told


def test_an_unreadable_profile_is_named_with_its_line_and_what_would_be_right() -> None:
    trouble = Trouble("profiles/a.yaml:14:18: expected an integer", "Write 32768.", 2)
    trouble = trouble._replace(position=Position(14, 18))
    failed = Reviewed("a", "profiles/a.yaml", "failed", "infeasible", trouble=trouble)
    told = comment(review(failed), LOOK)
    assert sentence(review(failed)) == "❌ profiles/a.yaml:14:18: expected an integer"
    assert "/profiles/a.yaml#L14): Write 32768." in told


def test_what_is_unknown_is_counted_with_its_reason() -> None:
    trouble = Trouble("Hugging Face answered 503.", "", 3)
    away = [Reviewed(name, f"{name}.yaml", "unknown", "unknown", trouble=trouble) for name in "ab"]
    told = comment(review(*away, unchanged("c"), verdict="unknown"), LOOK)
    assert told.startswith("### ⚠️ Could not plan 2 of 3 profiles: Hugging Face answered 503.")
    assert "Nothing is known about them" in told


def test_encoders_are_told_without_tokens() -> None:
    traffic = {"workload__prompt_tokens": 256, "workload__gen_tokens": 1}
    small = planned("e", of.BGE, hardware__gpu_name="L4", **traffic)
    large = planned("e", of.BGE, hardware__gpu_name="L40S", **traffic)
    told = comment(review(changed("e", small, large)), LOOK)
    assert "| Left over, no KV cache is kept |" in told
    assert "| Time to answer |" in told
    assert "KV capacity" not in told
    assert "Throughput" not in told


def test_limits_stand_beside_the_figures_they_are_about() -> None:
    told = comment(of.one_profile(), LOOK)
    assert "**, policy ≥ 4 ✅ |" in told
    assert "**−18%**, policy ≤ 5% ❌ |" in told


def test_a_limit_without_a_figure_is_told_below_the_table() -> None:
    odd = changed(
        "a", None, planned("a"), level="policy", breaches=(Breach("colour", "green", "red"),)
    )
    assert "- ❌ breaks colour with red &#40;policy green&#41;" in comment(review(odd), LOOK)


def test_scopes_are_named_and_hosts_without_charts_get_none() -> None:
    told = comment(of.one_profile(), LOOK._replace(scope="eu", charts="none"))
    assert told.startswith("### <code>eu</code> ❌")
    assert "mermaid" not in told
    assert "█" not in told


def test_a_chart_repeats_figures_and_there_is_one() -> None:
    told = comment(of.one_profile(), LOOK)
    assert told.count("xychart-beta") == 1
    assert told.index("<details>") < told.index("xychart-beta")


def many(count: int) -> Review:
    """As bad as it gets: every profile no longer starts, every one with an edit."""
    old, new = planned("p", of.LLAMA_70B, **GPUS), planned("p", of.LLAMA_70B)
    edit = Edit("profiles/p.yaml", 9, "  gpus: 2", "hardware.gpus", "2", "fits")
    return review(*(changed(f"team/chat-{n:03}", old, new, edits=(edit,)) for n in range(count)))


def test_three_hundred_profiles_keep_their_rows() -> None:
    told = comment(many(300), LOOK)
    assert len(told.encode()) <= 60_000
    assert told.count("| ❌") == 300
    assert "details of 3" in told or "details of 2" in told
    assert "[job summary](https://github.com/acme/infra/actions/runs/17)" in told
    assert is_sound(told)


def test_a_thousand_profiles_keep_the_worst_and_count_the_rest() -> None:
    told = comment(many(1000), LOOK)
    assert len(told.encode()) <= 60_000
    shown = told.count("| ❌")
    assert shown >= 300
    assert f"And {1000 - shown} more profiles: ❌ {1000 - shown}." in told


def test_details_go_before_rows_and_the_fine_before_the_bad() -> None:
    told = comment(of.twelve_profiles(), LOOK._replace(budget_bytes=5_000))
    assert len(told.encode()) <= 5_000
    assert "unchanged profiles</summary>" not in told
    assert "more changed profiles</summary>" not in told
    assert told.count("| ❌") == 2
    assert "are in the [job summary]" in told


@given(hostile.reviews())
@settings(max_examples=80)
def test_nothing_foreign_comes_alive(given_review: Review) -> None:
    told = comment(given_review, LOOK)
    assert len(told.encode()) <= LOOK.budget_bytes
    assert is_sound(told)
    seen = read(told)
    assert seen.foreign_tags == []
    for link in seen.links:
        assert link.startswith(
            (f"{LOOK.repository_url}/blob/{of.HEAD}/", LOOK.run_url, "https://r")
        )
    assert alive(told) == []
    assert {fence.info for fence in seen.fences} <= {"diff", "text", "mermaid"}


@given(hostile.reviews())
@settings(max_examples=30)
def test_the_plain_sentence_is_one_line(given_review: Review) -> None:
    assert len(sentence(given_review).splitlines()) == 1


def test_addresses_that_are_none_lead_nowhere() -> None:
    told = comment(of.one_profile(), Look(run_url="javascript:alert(1)"))
    assert read(told).links == []
