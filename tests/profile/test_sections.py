"""A key is declared once; what cannot be declared is refused when the section is first used."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic_core import ValidationError

from replanner.profile.sections import (
    after,
    before,
    changed,
    keys,
    limits,
    schema_of,
    validator,
)

Even = Annotated[int, after(lambda value: value // 2 * 2)]


class Inner(NamedTuple):
    """A section below another."""

    size: Annotated[int, limits(ge=1), "How large."] = 1
    name: Annotated[str | None, limits(max_length=3), "What it is called."] = None


class Outer(NamedTuple):
    """Every kind of key."""

    id: Annotated[str, "Required."]
    mode: Annotated[Literal["fast", "safe"], "A choice."] = "safe"
    share: Annotated[float, limits(gt=0, le=1), "A number."] = 1.0
    draft: Annotated[bool, "A switch."] = False
    pairs: Annotated[Even | None, limits(le=8), "A limit that stands behind a check."] = None
    names: Annotated[tuple[str, ...], limits(max_length=2), "A list."] = ()
    more: Annotated[Mapping[str, Any], limits(max_length=2), "A mapping."] = {}
    inner: Annotated[Inner, "A section."] = Inner()
    others: Annotated[tuple[Inner, ...], "Sections."] = ()


def outer(**document: object) -> Outer:
    made: Outer = validator(Outer).validate_python({"id": "x", **document})
    return made


def test_a_document_becomes_the_named_tuple() -> None:
    assert outer() == Outer("x")
    made = outer(names=["a"], inner={"size": 2}, others=[{"name": "b"}], more={"k": [1]}, pairs=7)
    assert made == Outer(
        "x",
        names=("a",),
        inner=Inner(2),
        others=(Inner(name="b"),),
        more={"k": [1]},
        pairs=6,
    )
    assert type(made.inner) is Inner


def test_null_for_a_key_is_its_default_at_every_depth() -> None:
    assert outer(mode=None, inner=None, more=None) == Outer("x")
    assert outer(inner={"size": None}, others=[{"size": None}]).others == (Inner(),)


WRONG = {
    "missing": {"id": None},
    "extra_forbidden": {"inner": {"nope": None}},
    "string_type": {"id": 1},
    "int_type": {"inner": {"size": "1"}},
    "bool_type": {"draft": 1},
    "float_type": {"share": "0.5"},
    "finite_number": {"share": float("nan")},
    "literal_error": {"mode": "sloppy"},
    "list_type": {"names": ("a",)},
    "dict_type": {"others": [[]]},
    "greater_than": {"share": 0},
    "greater_than_equal": {"others": [{"size": 0}]},
    "less_than_equal": {"pairs": 9},
    "string_too_long": {"inner": {"name": "long"}},
    "too_long": {"names": ["a", "b", "c"]},
}


@pytest.mark.parametrize(("kind", "document"), WRONG.items(), ids=WRONG)
def test_values_are_strict_and_limits_hold_wherever_their_mark_stands(
    kind: str, document: dict[str, object]
) -> None:
    with pytest.raises(ValidationError) as caught:
        outer(**document)
    assert [error["type"] for error in caught.value.errors()] == [kind]


def test_a_mapping_has_limits_too() -> None:
    with pytest.raises(ValidationError, match="at most 2 items"):
        outer(more={"a": 1, "b": 2, "c": 3})


def test_only_what_differs_from_the_defaults_has_changed() -> None:
    assert changed(Outer("x")) == {"id": "x"}
    made = Outer("x", draft=True, inner=Inner(2), more={"k": None})
    assert changed(made) == {"id": "x", "draft": True, "inner": {"size": 2}, "more": {"k": None}}


def test_a_key_says_what_it_means_and_which_section_stands_below_it() -> None:
    declared = keys(Outer)
    assert [name for name, key in declared.items() if key.required] == ["id"]
    assert declared["draft"].description == "A switch."
    assert {name: key.section for name, key in declared.items() if key.section} == {
        "inner": Inner,
        "others": Inner,
    }


@pytest.mark.parametrize(
    "hint",
    [
        Annotated[bool, limits(le=1)],
        Annotated[int, limits(max_length=1)],
        Annotated[str, limits(ge=1)],
        Annotated[Literal["a"], limits(max_length=1)],
        Annotated[Any, before(str), limits(ge=1)],
        Annotated[int, {"ge": 1}],
        int | str | None,
        list[int],
        bytes,
        dict,
    ],
    ids=lambda hint: str(hint).split(",")[0],  # without the addresses of functions
)
def test_what_would_be_passed_over_cannot_be_declared(hint: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        schema_of(hint)
