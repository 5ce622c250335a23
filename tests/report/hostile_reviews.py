"""Reviews whose every foreign word was chosen by somebody who means harm."""

from typing import Any

from hypothesis import strategies as st
from reviews import BASE, HEAD
from samples import nasty, records

from replanner.planning.diff import Change, diff
from replanner.report.review import Breach, Edit, Position, Review, Reviewed, Trouble

words = st.one_of(
    nasty,
    st.sampled_from(
        [
            "::error file=x::y",
            "\n::set-output name=a::b\n",
            "##[error]x",
            ":+1: :tada:",
            "[x]: https://evil.example",
            "</code></summary></details>",
            "<script>alert(1)</script>",
            "```\n# heading\n```",
            "acme/infra#7 acme/infra@main",
            "---",
            "x" * 5_000,
            "@" * 400,
            '"' * 400,
            "\u202eevil\u2066",
            "(https://evil.example)",
            "a\n\n## b",
        ]
    ),
)
lines = st.integers(1, 10_000)
positions = st.builds(Position, lines, lines)
levels = st.sampled_from(["infeasible", "policy", "warning", "ok", "safe"])
breaches = st.lists(
    st.builds(
        Breach,
        st.one_of(st.sampled_from(["min_concurrency", "max_throughput_drop"]), words),
        words,
        words,
        words,
    ),
    max_size=2,
).map(tuple)
edits = st.lists(st.builds(Edit, words, lines, words, words, words, words), max_size=3).map(tuple)
troubles = st.builds(Trouble, words, words, st.integers(1, 4), st.none() | positions)
paths = st.lists(words, max_size=3).map(tuple)
places = st.lists(st.tuples(words, positions), max_size=3).map(tuple)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    old, new = draw(st.none() | records(words)), draw(records(words))
    found = diff(old, new) if draw(st.booleans()) or old is None else diff(old, None)
    return found or Change("changed", old, new, draw(words))


@st.composite
def reviewed(draw: st.DrawFn) -> Reviewed:
    common: dict[str, Any] = {
        "inherited": draw(st.booleans()),
        "touched": draw(st.booleans()),
        "stale": draw(paths),
        "hand_edited": draw(paths),
        "places": draw(places),
    }
    kind = draw(st.sampled_from(["change", "change", "failed", "unknown", "unchanged"]))
    if kind == "change":
        change = draw(changes())
        return Reviewed(
            draw(words),
            draw(words),
            change.kind,
            draw(levels),
            record=change.record,
            change=change,
            breaches=draw(breaches),
            kept=draw(breaches),
            edits=draw(edits),
            **common,
        )
    if kind == "unchanged":
        record = draw(st.none() | records(words))
        return Reviewed(draw(words), draw(words), "unchanged", draw(levels), record, **common)
    level = "unknown" if kind == "unknown" else "infeasible"
    return Reviewed(
        draw(words), draw(words), kind, level, trouble=draw(troubles), edits=draw(edits), **common
    )


@st.composite
def reviews(draw: st.DrawFn) -> Review:
    return Review(
        tuple(draw(st.lists(reviewed(), max_size=4))),
        verdict="ok",
        blocked=draw(st.booleans()),
        exit_code=0,
        base=draw(words),
        base_commit=BASE,
        head_commit=HEAD,
        notes=draw(paths),
    )
