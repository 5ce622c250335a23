"""Edits that are offered: one place of the file, planned, and found to help."""

from pathlib import Path

import pytest
from pulling import CHAT, CONFIG, World, of, profile

from replanner.planning.verdict import state
from replanner.profile import parse_profile
from replanner.replan.edits import _changed_line
from replanner.report.review import Edit, Reviewed
from replanner.resolve import Place, Planner

TIGHT = profile(gpu_name="L4", length=131072)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.new(tmp_path)
    made.base({CHAT: profile()})
    return made


def applied(text: str, edit: Edit) -> str:
    """The file once somebody clicked on the suggestion."""
    lines = text.split("\n")
    lines[edit.line - 1] = edit.text
    return "\n".join(lines)


def edits_of(world: World, text: str) -> tuple[Reviewed, dict[str, Edit]]:
    world.pull({CHAT: text})
    one = of(world.review())
    return one, {edit.setting: edit for edit in one.edits}


def test_every_edit_makes_a_file_that_fits(world: World) -> None:
    one, edits = edits_of(world, TIGHT)
    assert 1 < len(edits) <= 3
    for edit in edits.values():
        after = parse_profile(applied(TIGHT, edit), name=CHAT).profile
        record = Planner(world.hub("main")).record(after, Place(CHAT, "chat"), pinned=one.record)
        assert state(record) == "fits"
        assert (edit.path, edit.effect.startswith("fits, with ")) == (CHAT, True)


def test_a_value_is_changed_in_its_line_and_the_rest_of_it_stays(world: World) -> None:
    text = TIGHT.replace(
        "  max_model_len: 131072", "  max_model_len: 131072   # as long as it goes"
    )
    _, edits = edits_of(world, text)
    edit = edits["model.max_model_len"]
    assert (edit.line, edit.value) == (4, "null")
    assert edit.text == "  max_model_len: null   # as long as it goes"


def test_a_key_that_is_not_written_is_put_below_a_line(world: World) -> None:
    _, edits = edits_of(world, TIGHT)
    edit = edits["hardware.gpus"]
    assert (edit.line, edit.text, edit.value) == (6, "  gpu_name: L4\n  gpus: 2", "2")


def test_a_section_that_is_not_written_is_put_below_the_last_line(world: World) -> None:
    text = profile(gpu_name="H100", length=131072, more="workload: {concurrency: 900}\n")
    world.pull({CHAT: text})
    for edit in of(world.review()).edits:
        assert parse_profile(applied(text, edit), name=CHAT)


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_do_not_move_an_edit(world: World, newline: str, end: str) -> None:
    text = (TIGHT.rstrip("\n") + end).replace("\n", newline)
    _, edits = edits_of(world, text)
    assert (edits["hardware.gpus"].line, edits["hardware.gpus"].text) == (
        6,
        "  gpu_name: L4\n  gpus: 2",
    )


def test_sections_in_one_line_are_edited_in_it(world: World) -> None:
    text = "profile_version: 1\nmodel: {id: acme/llama, max_model_len: 131072}\n"
    _, edits = edits_of(world, text + "hardware: {gpu_name: L4}\n")
    assert edits["model.max_model_len"].text == "model: {id: acme/llama, max_model_len: null}"
    assert edits["hardware.gpus"].text == "hardware: {gpu_name: L4, gpus: 2}"


def test_a_change_of_two_lines_is_no_edit(world: World) -> None:
    one, edits = edits_of(
        world, profile(gpu_name="L4", length=131072, tp_size=1, interconnect="pcie", gpus=1)
    )
    assert one.record is not None
    assert "hardware.gpus" in {fix.setting for fix in one.record.plan.fixes}
    assert "hardware.gpus" not in edits


def test_a_breach_is_mended_by_the_longest_length_that_keeps_the_limit(world: World) -> None:
    world.base({CONFIG: "policy: {min_concurrency: 5}\n", CHAT: profile(length=32768)})
    one, edits = edits_of(world, profile(length=131072))
    assert one.level == "policy"
    edit = edits["model.max_model_len"]
    length = int(edit.value)
    assert length % 1024 == 0
    for wanted, good in ((length, True), (length + 2048, False)):
        after = parse_profile(profile(length=wanted), name=CHAT).profile
        record = Planner(world.hub("main")).record(after, Place(CHAT, "chat"), pinned=one.record)
        assert (record.plan.feasibility.max_concurrency_at_context >= 5) == good


def test_no_length_is_offered_that_the_workload_exceeds(world: World) -> None:
    world.base({CONFIG: "policy: {min_concurrency: 400}\n", CHAT: profile(length=1024)})
    one, edits = edits_of(world, profile(length=131072, more="workload: {prompt_tokens: 4000}\n"))
    assert one.level == "policy"
    assert "model.max_model_len" not in edits


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("a: 1\nb: 2\n", "a: 1\nb: 3\n", (2, "b: 3")),
        ("a: 1\n", "a: 1\nb: 2\n", (1, "a: 1\nb: 2")),
        ("a: 1\nc: 3", "a: 1\nb: 2\nc: 3", (1, "a: 1\nb: 2")),
        ('a: "1\n  2"\nb: 3\n', "a: 12\nb: 3\n", None),
        ("a: 1\nb: 2\nc: 3\n", "a: 2\nb: 2\nc: 4\n", None),
        ("a: 1\n", "a: 1\n", None),
    ],
)
def test_an_edit_is_of_one_line(old: str, new: str, changed: tuple[int, str] | None) -> None:
    assert _changed_line(old, new) == changed


def test_no_edit_is_offered_that_breaches_the_policy(world: World) -> None:
    world.base({CONFIG: "policy: {min_concurrency: 2000}\n"})
    one, edits = edits_of(world, TIGHT)
    assert one.level == "infeasible"
    assert one.record is not None
    assert one.record.plan.fixes
    assert edits == {}


def test_headroom_is_mended_too(world: World) -> None:
    world.base({CONFIG: "policy: {min_headroom_gib: 50}\n"})
    one, edits = edits_of(world, profile(more="policy: {gpu_memory_utilization: 0.8}\n"))
    assert [breach.limit for breach in one.breaches] == ["min_headroom_gib"]
    assert (edits["policy.gpu_memory_utilization"].line, edits["hardware.gpus"].line) == (6, 5)


def test_what_somebody_else_broke_is_not_advised_on(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: TIGHT})
    world.pull({CHAT: "# x\n" + TIGHT})
    assert of(world.review()).edits == ()


def test_advice_ends_where_nobody_reads_on(world: World) -> None:
    world.pull({f"profiles/{n:02}.yaml": TIGHT for n in range(25)})
    rows = world.review().profiles
    assert sum(bool(one.edits) for one in rows) == 20
    assert all(one.edits for one in rows[:20])


def test_a_profile_that_cannot_be_edited_in_place_has_no_edits_there(world: World) -> None:
    text = TIGHT.replace("max_model_len: 131072", "max_model_len:\n    131072")
    _, edits = edits_of(world, text)
    for edit in edits.values():
        assert parse_profile(applied(text, edit), name=CHAT)
