"""What a review says in its pull request, and that saying nothing never fails it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn, cast

import pytest
from samples import record

from replanner.errors import AccessDenied, InputError, RateLimited, ReplannerError, UpstreamError
from replanner.propose.sticky import Add, Minimize, Remove, Rewrite, Skip, read_marker
from replanner.replan.ports import Comment, Note, Pull, Pulls
from replanner.replan.talk import TalkOptions, Told, publish
from replanner.report.look import Look
from replanner.report.review import Edit, Review, Reviewed

BASE, HEAD, NEXT = "b" * 40, "a" * 40, "c" * 40
PULL = Pull(7, "open", "main", BASE, "wider", HEAD, "acme/infra", "ada")
EDIT = Edit("a.yaml", 9, "tp_size: 2", "hardware.tp_size", "2", "fits")
FITS = Reviewed("chat", "a.yaml", "new", "ok", record=record())
FAILS = replace(FITS, level="infeasible", edits=(EDIT,))
REVIEW = Review((FITS,), "ok", False, 0, "main", BASE, HEAD, digest="sha256:1")  # noqa: FBT003 - `blocked` stands fourth
OTHER = replace(REVIEW, profiles=(replace(FITS, name="rag"),), digest="sha256:2")
BAD = replace(
    REVIEW,
    profiles=(FAILS,),
    verdict="infeasible",
    digest="sha256:3",
    changed_lines=frozenset({("a.yaml", 9)}),
)
NO_NEWS = replace(REVIEW, profiles=(), verdict="none", digest="sha256:0")


@dataclass
class Thread:
    """A pull request's words, as the port shows them; `calls` counts, `fail` may refuse."""

    head: str = HEAD
    said: list[Comment] = field(default_factory=list)
    noted: list[Note] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    fail: Callable[[str, int], ReplannerError | None] = lambda _name, _number: None
    then: Callable[["Thread", str], None] = lambda _thread, _name: None
    written_all_the_same: bool = False
    lists_lag: bool = False

    def call(self, name: str, *, do: Callable[[], None] = lambda: None) -> None:
        self.calls.append(name)
        error = self.fail(name, self.calls.count(name))
        if error is None or self.written_all_the_same:
            do()
            self.then(self, name)
        if error:
            raise error

    def pull(self, number: int) -> Pull:
        assert number == PULL.number
        self.call("pull")
        return replace(PULL, head_commit=self.head)

    def comments(self, number: int) -> Sequence[Comment]:
        assert number == PULL.number
        self.call("comments")
        return self.said[: -1 if self.lists_lag else None]

    def add_comment(self, number: int, body: str) -> Comment:
        comment = Comment(max((one.id for one in self.said), default=0) + 10, body, ours=True)
        self.call(f"add {number}", do=lambda: self.said.append(comment))
        return comment

    def edit_comment(self, comment: Comment, body: str) -> None:
        self.call("edit", do=lambda: self.put(replace(comment, body=body)))

    def delete_comment(self, comment: Comment) -> None:
        gone = [one for one in self.said if one.id != comment.id]
        self.call("delete", do=lambda: setattr(self, "said", gone))

    def minimize_comment(self, comment: Comment) -> None:
        self.call("minimize", do=lambda: self.put(replace(comment, minimized=True)))

    def put(self, comment: Comment) -> None:
        self.said = [comment if one.id == comment.id else one for one in self.said]

    def notes(self, number: int) -> Sequence[Note]:
        self.call(f"notes {number}")
        return self.noted

    def add_notes(self, pull: Pull, notes: Sequence[Note]) -> None:
        self.call(f"note {pull.number}", do=lambda: self.noted.extend(notes))

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"a review has no business to {name}")


def talk(thread: Thread, review: Review = REVIEW, **options: object) -> Told:
    thread.calls.clear()
    wanted = TalkOptions(**{"seq": 1, **options})  # type: ignore[arg-type]  # the test's own words
    return publish(cast("Pulls", thread), PULL, review, look=Look(), options=wanted)


def kinds(told: Told) -> list[type]:
    return [type(step) for step in told.steps]


def test_a_first_comment_is_added_and_looked_at_again() -> None:
    thread = Thread()

    told = talk(thread)

    assert (told.operation, told.warnings, told.error) == ("created", (), None)
    assert told.comment == thread.said[0]
    assert thread.calls == ["comments", "pull", "add 7", "comments"]
    assert "<code>chat</code>" in thread.said[0].body


def test_the_same_again_is_one_call() -> None:
    thread = Thread()
    talk(thread)

    told = talk(thread, seq=2)

    assert (told.operation, told.comment) == ("unchanged", thread.said[0])
    assert thread.calls == ["comments"]


def test_another_plan_is_written_in_place_and_the_earlier_one_remembered() -> None:
    thread = Thread()
    talk(thread)

    told = talk(thread, OTHER)

    [comment] = thread.said
    assert told.operation == "updated"
    assert told.comment is not None
    assert told.comment.id == comment.id
    assert thread.calls == ["comments", "pull", "edit"]
    assert "<code>rag</code>" in comment.body
    assert HEAD[:7] in comment.body.partition("revious plan")[2]


def test_a_change_that_vanished_is_told_where_a_comment_stands_and_nowhere_else() -> None:
    thread = Thread()

    assert talk(thread, NO_NEWS).operation == "none"
    assert thread.said == []

    talk(thread)
    assert talk(thread, NO_NEWS).operation == "updated"
    assert "any more" in thread.said[0].body


@pytest.mark.parametrize("options", [{"mode": "off"}, {"on": "never"}])
def test_who_wants_no_comment_pays_for_none(options: dict[str, object]) -> None:
    thread = Thread()

    assert talk(thread, **options).operation == "none"
    assert thread.calls == []


def test_the_head_is_read_again_just_before_writing() -> None:
    thread = Thread(head=NEXT)

    assert talk(thread).operation == "skipped-stale"
    assert thread.said == []


def test_an_older_run_that_comes_late_leaves_the_newer_ones_words() -> None:
    thread = Thread()
    talk(thread, OTHER, seq=5)

    told = talk(thread, seq=4)

    assert told.operation == "skipped-stale"
    assert told.comment == thread.said[0]
    assert "<code>rag</code>" in thread.said[0].body


def beside(review: Review, seq: int) -> Callable[[Thread, str], None]:
    """Another run that comments first, unseen by ours until it has commented too."""

    def then(thread: Thread, name: str) -> None:
        if name == "pull" and not thread.said:
            thread.then = lambda _thread, _name: None
            calls = list(thread.calls)
            talk(thread, review, seq=seq)
            thread.calls[:] = calls

    return then


def test_two_first_comments_at_once_become_the_older_one() -> None:
    thread = Thread(then=beside(REVIEW, 1))

    told = talk(thread)

    [comment] = thread.said
    assert comment.id == 10
    assert (told.operation, told.comment) == ("created", comment)
    assert kinds(told) == [Add, Skip, Remove]


def test_the_newer_of_two_runs_at_once_has_the_last_word() -> None:
    thread = Thread(then=beside(OTHER, 1))

    told = talk(thread, seq=2)

    [comment] = thread.said
    assert kinds(told) == [Add, Rewrite, Remove]
    assert comment.id == 10
    assert "<code>chat</code>" in comment.body


def test_the_older_of_two_runs_at_once_removes_nothing_newer() -> None:
    thread = Thread(then=beside(OTHER, 3))

    told = talk(thread, seq=2)

    assert kinds(told) == [Add, Skip]
    assert "<code>rag</code>" in thread.said[0].body
    assert talk(thread, OTHER, seq=4).operation == "unchanged"
    assert len(thread.said) == 1


def test_recreating_folds_what_was_said_before() -> None:
    thread = Thread()
    talk(thread, mode="recreate")

    told = talk(thread, OTHER, mode="recreate")

    assert [one.minimized for one in thread.said] == [True, False]
    assert (kinds(told)[:2], told.comment) == ([Add, Minimize], thread.said[1])
    assert talk(thread, OTHER, mode="recreate").operation == "unchanged"


def test_a_list_that_lags_behind_makes_no_second_comment() -> None:
    thread = Thread(lists_lag=True)

    assert talk(thread).operation == "created"
    assert len(thread.said) == 1


@pytest.mark.parametrize("name", ["comments", "add 7"])
def test_who_may_only_read_gets_a_warning_and_nothing_else(name: str) -> None:
    refused = AccessDenied("the conversation is locked.")
    thread = Thread(fail=lambda call, _: refused if call == name else None)

    told = talk(thread, BAD)

    assert told.operation == "skipped-readonly"
    assert told.error is None
    [warning] = told.warnings
    assert warning.startswith("No comment was written: the conversation is locked.")
    assert "pull-requests: write" in warning
    assert not any("note" in call for call in thread.calls)


def failing(name: str, *numbers: int, error: ReplannerError) -> Thread:
    return Thread(fail=lambda call, at: error if call == name and at in numbers else None)


AWAY = UpstreamError("github.test answered 502 when asked to comment.")
GONE = InputError("github.test has no such comment.")


def test_a_comment_that_was_written_all_the_same_is_not_written_again() -> None:
    thread = failing("add 7", 1, error=AWAY)
    thread.written_all_the_same = True

    told = talk(thread)

    assert (told.operation, told.comment) == ("created", thread.said[0])
    assert len(thread.said) == 1


def test_a_comment_that_was_not_written_is_tried_once_more() -> None:
    thread = failing("add 7", 1, error=AWAY)

    assert talk(thread).operation == "created"
    assert len(thread.said) == 1


def test_an_upstream_that_stays_away_is_a_warning_and_an_error_to_judge() -> None:
    thread = failing("add 7", 1, 2, error=AWAY)

    told = talk(thread, BAD)

    assert (told.operation, told.error) == ("none", AWAY)
    assert told.warnings == (f"No comment was written: {AWAY.message}",)
    assert thread.calls.count("add 7") == 2
    assert "note 7" not in thread.calls


def test_a_limit_is_not_run_into_again() -> None:
    thread = failing("add 7", 1, error=RateLimited("github.test limits the rate."))

    assert isinstance(talk(thread).error, RateLimited)
    assert thread.calls.count("add 7") == 1


def test_looking_again_in_vain_takes_nothing_back() -> None:
    thread = failing("comments", 2, 3, error=AWAY)

    told = talk(thread)

    assert (told.operation, told.comment, told.error) == ("created", thread.said[0], None)


def test_a_comment_that_somebody_deletes_meanwhile_is_added_anew() -> None:
    thread = failing("edit", 1, error=GONE)
    talk(thread)
    thread.then = lambda _thread, name: thread.said.clear() if name == "pull" else None

    assert talk(thread, OTHER).operation == "created"
    assert len(thread.said) == 1


def test_a_refusal_that_stays_is_a_warning() -> None:
    told = talk(failing("add 7", 1, 2, error=GONE))

    assert (told.operation, told.error) == ("none", None)
    assert told.warnings == (f"No comment was written: {GONE.message}",)


def test_a_dry_run_tells_its_steps_and_takes_none() -> None:
    thread = Thread()

    told = talk(thread, BAD, dry_run=True)

    assert (told.operation, kinds(told), len(told.notes)) == ("none", [Add], 1)
    assert (thread.said, thread.noted) == ([], [])


def test_what_helps_is_suggested_once() -> None:
    thread = Thread()

    assert talk(thread, BAD).notes == tuple(thread.noted)
    assert len(thread.noted) == 1

    assert talk(thread, BAD).notes == ()
    assert thread.calls == ["comments", "notes 7"]


@pytest.mark.parametrize(
    "review",
    [
        pytest.param(replace(BAD, changed_lines=frozenset()), id="outside of the diff"),
        pytest.param(replace(BAD, profiles=(replace(FAILS, inherited=True),)), id="inherited"),
    ],
)
def test_nothing_is_suggested(review: Review) -> None:
    thread = Thread()

    assert talk(thread, review).notes == ()
    assert not any("note" in call for call in thread.calls)


def test_suggestions_can_be_turned_off() -> None:
    thread = Thread()

    assert talk(thread, BAD, suggestions=False).notes == ()
    assert thread.noted == []


def test_lines_that_moved_on_take_no_suggestion() -> None:
    thread = Thread()
    talk(thread, BAD, suggestions=False)
    thread.head = NEXT

    assert talk(thread, BAD).notes == ()
    assert thread.noted == []


def test_a_suggestion_that_is_refused_leaves_the_comment() -> None:
    told = talk(failing("note 7", 1, error=InputError("Line could not be resolved")), BAD)

    assert (told.operation, told.notes) == ("created", ())
    assert told.warnings == ("No change was suggested: Line could not be resolved",)


def test_marker_memory_and_text_keep_the_limit_together() -> None:
    news = [replace(FITS, name=f"profile-{at}" * 9, path=f"{at}.yaml") for at in range(2000)]
    long = replace(REVIEW, profiles=tuple(news))
    thread = Thread()
    for at in range(5):
        talk(thread, replace(long, digest=f"sha256:{at}"), seq=at)

    [comment] = thread.said
    assert len(comment.body.encode()) <= 60_000
    assert read_marker(comment.body) is not None
