"""One comment below a pull request: written once, kept right, never somebody else's."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.propose.shapes import Comment
from replanner.propose.sticky import (
    Add,
    CommentStep,
    Marker,
    Minimize,
    Past,
    Remove,
    Rewrite,
    Skip,
    WantedComment,
    history,
    preamble,
    read_marker,
    steps,
)

HEAD, BASE, OTHER = "3f2c1ab8" * 5, "9d8e7f60" * 5, "0badcafe" * 5
TEXT = "### chat fits\n\nA table.\n\n<sub>Planned 3f2c1ab against main@9d8e7f6</sub>"
WANTED = WantedComment(HEAD, BASE, "sha256:6b1f", "ok", line="chat ok", seq=1700)


def comment_of(wanted: WantedComment, text: str = TEXT, *, past: Sequence[Past] = ()) -> str:
    return preamble(wanted, past) + text + "\n"


def ours(at: int, wanted: WantedComment = WANTED, text: str = TEXT) -> Comment:
    return Comment(at, comment_of(wanted, text), ours=True)


def told(
    wanted: WantedComment, seen: Sequence[Comment], *, text: str = TEXT, head: str = HEAD
) -> str:
    """The steps in words: `add`, `rewrite 3`, `remove 4`, `unchanged 3`, `stale -`."""
    return ", ".join(map(in_words, steps(wanted, seen, text=text, head=head)))


def in_words(step: CommentStep) -> str:
    match step:
        case Add():
            return "add"
        case Skip(reason, comment):
            return f"{reason} {comment.id if comment else '-'}"
        case Rewrite() | Remove() | Minimize():
            return f"{type(step).__name__.lower()} {step.comment.id}"


MARKED = ours(1).body
QUOTED = Comment(2, f"> {MARKED}", ours=True)
PERSONS = Comment(2, MARKED, ours=False)
FURTHER_DOWN = Comment(2, f"Look:\n{MARKED}", ours=True)
OLDER = replace(WANTED, seq=1600, digest="sha256:old")
NEWER = replace(WANTED, seq=1800, digest="sha256:new")
FORCED_AWAY = replace(NEWER, head=OTHER)
ELSEWHERE = replace(WANTED, scope="eu/prod")
QUIET = replace(WANTED, news=False)
UNKNOWN = replace(WANTED, verdict="unknown", digest="sha256:unknown", seq=1701)
RECREATE = replace(WANTED, mode="recreate")
FOLDED = replace(ours(1), minimized=True)

CASES = {
    "a first comment": (WANTED, [], "add"),
    "the same again": (WANTED, [ours(1)], "unchanged 1"),
    "another plan": (WANTED, [ours(1, OLDER)], "rewrite 1"),
    "other words for the same plan": (WANTED, [ours(1, text="### chat")], "rewrite 1"),
    "a duplicate of the same": (WANTED, [ours(1), ours(2)], "unchanged 1, remove 2"),
    "a duplicate, listed first": (WANTED, [ours(2), ours(1)], "unchanged 1, remove 2"),
    "the right one is the duplicate": (WANTED, [ours(1, OLDER), ours(2)], "rewrite 1, remove 2"),
    "a newer run for this head": (WANTED, [ours(1, NEWER)], "stale 1"),
    "a newer run beside an older one": (WANTED, [ours(1, OLDER), ours(2, NEWER)], "stale 1"),
    "a newer run for a head forced away": (WANTED, [ours(1, FORCED_AWAY)], "rewrite 1"),
    "another scope": (WANTED, [ours(1, ELSEWHERE)], "add"),
    "this scope among others": (ELSEWHERE, [ours(1), ours(2, ELSEWHERE)], "unchanged 2"),
    "a person quotes us": (WANTED, [QUOTED], "add"),
    "a person pastes our marker": (WANTED, [PERSONS], "add"),
    "a marker further down": (WANTED, [FURTHER_DOWN], "add"),
    "a person beside us": (WANTED, [ours(1, OLDER), PERSONS], "rewrite 1"),
    "no news, no comment": (QUIET, [], "silent -"),
    "no news, a comment": (replace(QUIET, digest="sha256:none"), [ours(1)], "rewrite 1"),
    "no news, always": (replace(QUIET, on="always"), [], "add"),
    "fine, warnings only": (replace(WANTED, on="warnings"), [], "silent -"),
    "a warning, warnings only": (replace(WANTED, on="warnings", verdict="warning"), [], "add"),
    "unknown, warnings only": (replace(WANTED, on="warnings", verdict="unknown"), [], "add"),
    "a warning, failures only": (replace(WANTED, on="failures", verdict="warning"), [], "silent -"),
    "infeasible, failures only": (replace(WANTED, on="failures", verdict="infeasible"), [], "add"),
    "policy, failures only": (replace(WANTED, on="failures", verdict="policy"), [], "add"),
    "a warning that blocks": (
        replace(WANTED, on="failures", verdict="warning", blocked=True), [], "add",
    ),
    "fine again, failures only": (replace(WANTED, on="failures"), [ours(1, OLDER)], "rewrite 1"),
    "never": (replace(WANTED, on="never", verdict="infeasible"), [], "off -"),
    "never, though one stands": (replace(WANTED, on="never"), [ours(1, OLDER)], "off 1"),
    "off": (replace(WANTED, mode="off", on="always"), [], "off -"),
    "unknown, known before": (UNKNOWN, [ours(1)], "unknown 1"),
    "unknown, other head": (UNKNOWN, [ours(1, replace(WANTED, head=OTHER))], "rewrite 1"),
    "unknown, other base": (UNKNOWN, [ours(1, replace(WANTED, base=OTHER))], "rewrite 1"),
    "unknown, unknown before": (UNKNOWN, [ours(1, replace(UNKNOWN, digest="x"))], "rewrite 1"),
    "a person folded ours": (WANTED, [FOLDED], "unchanged 1"),
    "a person folded ours, news": (replace(WANTED, digest="x"), [FOLDED], "rewrite 1"),
    "folded ones of another mode": (WANTED, [FOLDED, ours(2, OLDER)], "rewrite 2"),
    "recreate: a first one": (RECREATE, [], "add"),
    "recreate: the same again": (RECREATE, [ours(1)], "unchanged 1"),
    "recreate: another plan": (RECREATE, [ours(1, OLDER)], "add, minimize 1"),
    "recreate: folded stays folded": (RECREATE, [FOLDED, ours(2)], "unchanged 2"),
    "recreate: an older shows": (RECREATE, [ours(1, OLDER), ours(2)], "unchanged 2, minimize 1"),
    "recreate: a person folded it": (RECREATE, [FOLDED], "unchanged 1"),
    "recreate: a newer run": (RECREATE, [ours(1, NEWER)], "stale 1"),
    "recreate: a person's stays": (RECREATE, [PERSONS, QUOTED], "add"),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "seen", "expected"), CASES.values(), ids=CASES)
def test_each_rule(wanted: WantedComment, seen: list[Comment], expected: str) -> None:
    assert told(wanted, seen) == expected


@pytest.mark.parametrize("seen", [[], [ours(1, OLDER)]])
def test_a_head_that_moved_on_is_not_told_of(seen: list[Comment]) -> None:
    assert told(WANTED, seen, head=OTHER).startswith("stale")


def test_commits_and_the_grey_footer_are_no_change() -> None:
    later = replace(WANTED, head=OTHER, base=HEAD, seq=1800)
    text = TEXT.replace("3f2c1ab", OTHER[:7]).replace("9d8e7f6", HEAD[:7]) + "\n\n<sub>cut</sub>"
    linked = f"[a line](https://github.test/blob/{OTHER}/a.yaml)\n\n{text}"
    before = f"[a line](https://github.test/blob/{HEAD}/a.yaml)\r\n\r\n{TEXT}"

    assert told(later, [ours(1, text=before)], text=linked, head=OTHER) == "unchanged 1"


def test_a_change_of_one_number_is_a_change() -> None:
    assert told(WANTED, [ours(1)], text=TEXT.replace("A table", "A cable")) == "rewrite 1"


def test_the_marker_is_the_first_line_and_is_read_back() -> None:
    [added] = steps(WANTED, [], text=TEXT, head=HEAD)

    assert isinstance(added, Add)
    assert added.body.splitlines()[0] == (
        f"<!-- replanner:comment v=1 scope=default head={HEAD} base={BASE}"
        " plan=sha256:6b1f seq=1700 -->"
    )
    assert read_marker(added.body) == Marker("default", HEAD, BASE, "sha256:6b1f", 1700)
    assert added.body.endswith(f"\n\n{TEXT}\n")


def test_earlier_plans_are_carried_on_three_of_them_newest_first() -> None:
    body, plans = "", [replace(WANTED, digest=f"d{at}", line=f"plan {at}") for at in range(6)]
    for wanted in plans:
        seen = [Comment(1, body, ours=True)] if body else []
        body = comment_of(wanted, past=history(wanted, seen))

    again = replace(plans[-1], seq=1800)
    assert history(again, [Comment(1, body, ours=True)]) == (
        Past(HEAD, "ok", "plan 4"),
        Past(HEAD, "ok", "plan 3"),
        Past(HEAD, "ok", "plan 2"),
    )


def test_what_could_not_be_planned_is_no_earlier_plan() -> None:
    assert history(WANTED, [ours(1, UNKNOWN)]) == ()
    assert history(UNKNOWN, [ours(1)]) == (Past(HEAD, "ok", "chat ok"),)


def test_where_old_comments_stay_no_history_is_kept() -> None:
    assert history(RECREATE, [ours(1, OLDER)]) == ()


def hidden(document: object) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    memory = f"<!-- replanner:plans {base64.b64encode(text.encode()).decode()} -->"
    return f"{MARKED.splitlines()[0]}\n{memory}\n\nwords"


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[" * 5000,
        "null",
        [],
        {"v": 2, "now": [HEAD, "ok", "x"]},
        {"v": 1, "now": HEAD},
        {"v": 1, "now": ["<script>", "ok", "x"], "past": [[HEAD, "-->", "x"], 7, {}, [HEAD]]},
        {"v": 1, "now": [HEAD, "ok", {"a": 1}], "past": {"a": "b"}},
        '{"v": 1, "now": ' + "9" * 5000 + "}",
    ],
)
def test_a_memory_that_somebody_edited_is_none(document: object) -> None:
    assert history(replace(WANTED, digest="x"), [Comment(1, hidden(document), ours=True)]) == ()


def test_a_comment_without_memory_is_no_earlier_plan() -> None:
    body = f"{MARKED.splitlines()[0]}\n\nwords"

    assert history(replace(WANTED, digest="x"), [Comment(1, body, ours=True)]) == ()


def test_the_longest_lines_are_remembered_too() -> None:
    wanted = replace(WANTED, line="\U0001f5d1" * 999, head="f" * 64)
    past = [Past("f" * 64, "infeasible", "\U0001f5d1" * 300)] * 3

    read = history(replace(WANTED, digest="x"), [ours_with(wanted, past)])

    assert [len(one.line) for one in read] == [300, 300, 300]


def ours_with(wanted: WantedComment, past: Sequence[Past]) -> Comment:
    return Comment(1, comment_of(wanted, past=past), ours=True)


def test_remembered_lines_are_one_short_line_each() -> None:
    document = {"v": 1, "now": [HEAD, "ok", "a\n\n# b\u202e" + "c" * 4000], "past": []}

    [past] = history(replace(WANTED, digest="x"), [Comment(1, hidden(document), ours=True)])

    assert past.line.startswith("a # b ccc")
    assert len(past.line) <= 300


@pytest.mark.parametrize(
    "line",
    [
        MARKED.splitlines()[0].replace("v=1", "v=2"),
        MARKED.splitlines()[0].replace(HEAD, "HEAD"),
        MARKED.splitlines()[0].replace("seq=1700", "seq=" + "9" * 30),
        MARKED.splitlines()[0] + " more",
        " " + MARKED,
    ],
)
def test_a_first_line_that_is_not_exactly_ours_is_none(line: str) -> None:
    assert read_marker(line) is None


@given(st.text(min_size=1), st.text())
def test_any_scope_is_told_from_any_other_and_ends_no_html_comment(one: str, other: str) -> None:
    wanted = replace(WANTED, scope=one[:20])
    line = preamble(wanted, ()).splitlines()[0]

    assert read_marker(line) is not None
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    same = other.encode("utf-8", "replace") == one.encode("utf-8", "replace")
    if not same and other:
        assert told(replace(WANTED, scope=other[:20]), [ours(1, wanted)]) in ("add", "unchanged 1")


@dataclass
class Thread:
    """Comments below a pull request, as a forge keeps them."""

    comments: list[Comment] = field(default_factory=list)
    writes: int = 0

    def carry_out(self, step: CommentStep) -> None:
        self.writes += not isinstance(step, Skip)
        match step:
            case Add(body):
                self.comments.append(Comment(1 + len(self.comments) * 7, body, ours=True))
            case Rewrite(comment, body):
                self.put(comment, replace(comment, body=body))
            case Remove(comment):
                self.comments = [one for one in self.comments if one.id != comment.id]
            case Minimize(comment):
                self.put(comment, replace(comment, minimized=True))
            case Skip():
                pass

    def put(self, old: Comment, new: Comment) -> None:
        self.comments = [new if one.id == old.id else one for one in self.comments]

    def run(self, wanted: WantedComment, text: str) -> int:
        before = self.writes
        for step in steps(wanted, self.comments, text=text, head=HEAD):
            self.carry_out(step)
        return self.writes - before


wanteds = st.builds(
    WantedComment,
    head=st.sampled_from([HEAD, OTHER]),
    base=st.sampled_from([BASE, OTHER]),
    digest=st.sampled_from(["sha256:1", "sha256:2"]),
    verdict=st.sampled_from(["ok", "warning", "infeasible", "unknown", "none"]),
    line=st.text(),
    news=st.booleans(),
    blocked=st.booleans(),
    seq=st.integers(0, 3),
    scope=st.sampled_from(["default", "eu"]),
    mode=st.sampled_from(["update", "recreate", "off"]),
    on=st.sampled_from(["always", "changes", "warnings", "failures", "never"]),
)
texts = st.sampled_from(["### one", "### two\n\n<sub>3f2c1ab</sub>", f"### {HEAD}"])
bodies = st.one_of(
    st.builds(comment_of, wanteds, texts),
    st.builds(lambda wanted, text: f"> {comment_of(wanted, text)}", wanteds, texts),
    st.just("Please also look at the other one."),
)
threads = st.lists(st.tuples(bodies, st.booleans(), st.booleans())).map(
    lambda rows: [Comment(1000 + at, *row[:2], minimized=row[2]) for at, row in enumerate(rows)]
)


@given(threads, wanteds, texts)
def test_asking_again_writes_nothing(seen: list[Comment], wanted: WantedComment, text: str) -> None:
    thread = Thread(seen)
    thread.run(wanted, text)

    assert thread.run(wanted, text) == 0


@given(threads, st.lists(st.tuples(wanteds, texts), max_size=4))
def test_nobody_elses_comment_is_touched(
    seen: list[Comment], runs: list[tuple[WantedComment, str]]
) -> None:
    def others(comments: list[Comment]) -> list[Comment]:
        return [one for one in comments if not one.ours or one.body[:1] != "<"]

    thread = Thread(list(seen))
    for wanted, text in runs:
        thread.run(wanted, text)

    assert others(thread.comments) == others(seen)


@given(st.permutations([WANTED, OLDER, NEWER]), st.sampled_from(["update", "recreate"]))
def test_whatever_the_order_of_runs_the_newest_has_the_last_word(
    runs: list[WantedComment], mode: str
) -> None:
    thread = Thread()
    for wanted in runs:
        thread.run(replace(wanted, mode=mode), f"### {wanted.digest}")

    [shown] = [one for one in thread.comments if not one.minimized]
    assert shown.body.endswith("### sha256:new\n")


@given(st.permutations([OLDER, WANTED, NEWER]))
def test_runs_that_commented_at_once_leave_one_comment_by_the_newest(
    runs: list[WantedComment],
) -> None:
    thread = Thread([ours(at, wanted, f"### {wanted.digest}") for at, wanted in enumerate(runs)])
    for wanted in runs:
        thread.run(wanted, f"### {wanted.digest}")

    [comment] = thread.comments
    assert comment.id == 0
    assert comment.body.endswith("### sha256:new\n")
