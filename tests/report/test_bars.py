"""Bars: whole cells that add up, both sides on one scale, figures beside them."""

from hypothesis import given
from hypothesis import strategies as st
from reviews import BGE, LLAMA_70B, planned
from samples import memory

from replanner.report.bars import cell_bar, memory_bars, shares

SIZES = st.lists(st.integers(-(1 << 40), 1 << 40), min_size=2, max_size=8)


@given(SIZES, st.integers(1, 80))
def test_cells_add_up(sizes: list[int], cells: int) -> None:
    found = shares(sizes, cells)
    assert sum(found) == cells
    assert all(share >= 0 for share in found)


def test_the_smaller_side_is_shorter_and_an_overfull_one_has_nothing_free() -> None:
    fits = planned("a", LLAMA_70B, hardware__gpus=4).plan
    short = planned("a", LLAMA_70B).plan
    before, after, legend = memory_bars(fits, short).splitlines()
    assert before.index("▏") < after.index("▏")
    assert before.endswith("fixed 36.9 + KV 36.0 of 79.2 GiB")
    assert after.endswith("fixed 132.2 GiB, may use 72.9 of 79.2 GiB")
    assert "·" not in after
    assert " ".join(legend.split()) == (
        "█ weights ▓ activations ▒ graphs ░ non-torch ━ KV cache · free"
    )


def test_encoders_have_no_kv() -> None:
    traffic = {"workload__prompt_tokens": 256, "workload__gen_tokens": 1}
    told = memory_bars(None, planned("e", BGE, hardware__gpu_name="L4", **traffic).plan)
    assert "left 19.5 of 22.0 GiB" in told
    assert not told.startswith("after")


def test_ten_cells_say_what_is_gone_before_the_first_token() -> None:
    assert cell_bar(memory()) == "███░░░░░░░"
    assert cell_bar(memory(weights_bytes=1 << 40)) == "█" * 10
