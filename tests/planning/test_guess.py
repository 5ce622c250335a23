"""A model of which only the size is known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import UnsupportedModel
from replanner.planning.guess import guess_facts


@given(st.floats(0.1, 5000))
def test_a_guess_has_about_the_size_it_was_asked_for(params_b: float) -> None:
    found = guess_facts(params_b)
    assert found.parameters == pytest.approx(params_b * 1e9, rel=0.03)
    assert found.guess
    assert not found.unsupported


def test_a_guess_is_shaped_like_the_models_of_its_size() -> None:
    found = guess_facts(8)
    assert (found.num_layers, found.hidden_size, found.kv_heads) == (36, 4096, 8)
    assert guess_facts(8, "float32").dtype == "float32"


@pytest.mark.parametrize("params_b", [0, -1, math.inf, math.nan, 1e9])
def test_sizes_out_of_this_world_are_refused(params_b: float) -> None:
    with pytest.raises(UnsupportedModel, match="params_b"):
        guess_facts(params_b)
