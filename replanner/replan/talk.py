"""What a review says in its pull request: one comment kept right, and suggestions on changed lines.

That a word could not be said is a warning, never a failure: the review's verdict stands without it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from replanner.errors import AccessDenied, InputError, RateLimited, ReplannerError, UpstreamError
from replanner.propose.shapes import Comment, Note
from replanner.propose.sticky import (
    Add,
    CommentMode,
    CommentOn,
    CommentStep,
    Minimize,
    Past,
    Remove,
    Rewrite,
    Silence,
    Skip,
    WantedComment,
    history,
    preamble,
    steps,
)
from replanner.propose.suggest import suggestions, unsaid
from replanner.replan.ports import Pull, Pulls
from replanner.report.comment import comment as rendered
from replanner.report.headline import sentence
from replanner.report.look import Look
from replanner.report.look import Past as ShownPast
from replanner.report.markdown import escape
from replanner.report.review import Review

Operation = Literal["created", "updated", "unchanged", "skipped-stale", "skipped-readonly", "none"]

# To write, to see whether somebody else wrote at the same time, and once more if either failed.
_ROUNDS: Final = 3
_NEEDED: Final = "It takes the permission pull-requests: write, in a conversation not locked."
_SILENT: Final[Mapping[Silence, Operation]] = {
    "off": "none",
    "silent": "none",
    "stale": "skipped-stale",
    "unknown": "unchanged",
    "unchanged": "unchanged",
}


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """How to speak; `seq` is a number that grows from run to run of one workflow."""

    seq: int = 0
    mode: CommentMode = "update"
    on: CommentOn = "changes"
    suggestions: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What was said. `comment` is the one that stands; `steps` are those that were tried, `notes`
    the suggestions made: with `dry_run`, what would have been. `error`: an upstream that did not
    answer, for who wants to fail on it."""

    operation: Operation
    comment: Comment | None = None
    notes: tuple[Note, ...] = ()
    steps: tuple[CommentStep, ...] = ()
    warnings: tuple[str, ...] = ()
    error: UpstreamError | None = None


_USUAL: Final = TalkOptions()


def publish(
    pulls: Pulls,
    pull: Pull,
    review: Review,
    *,
    look: Look,
    options: TalkOptions = _USUAL,
) -> Told:
    """Make the pull request's comment right, then suggest what helps; `pull` is as reviewed.

    `look` is how to render, short of what earlier comments said; its scope is the comment's.
    """
    talk = _Talk(pulls, pull, review, look, options)
    told = _guarded(talk.comment, "No comment was written")
    if not options.suggestions or told.error or told.operation.startswith("skipped"):
        return told
    noted = _guarded(talk.suggest, "No change was suggested")
    warnings = told.warnings + noted.warnings
    return replace(told, notes=noted.notes, warnings=warnings, error=noted.error)


def _guarded(speak: Callable[[], Told], nothing: str) -> Told:
    """What was said, or why nothing: whoever may not write still has the review."""
    try:
        return speak()
    except AccessDenied as error:
        return Told("skipped-readonly", warnings=(_warning(nothing, error, _NEEDED),))
    except InputError as error:
        return Told("none", warnings=(_warning(nothing, error),))
    except UpstreamError as error:
        return Told("none", warnings=(_warning(nothing, error),), error=error)


def _warning(nothing: str, error: ReplannerError, usual_hint: str = "") -> str:
    return f"{nothing}: {error.message} {error.hint or usual_hint}".strip()


@dataclass(slots=True)
class _Talk:
    """One review on its way into its pull request."""

    pulls: Pulls
    pull: Pull
    review: Review
    look: Look
    options: TalkOptions
    added: dict[int, Comment] = field(default_factory=dict)
    tried: list[CommentStep] = field(default_factory=list)

    def comment(self) -> Told:
        """Look, write, and look again until nothing is left to write."""
        wanted = _wanted(self.review, self.look.scope, self.options)
        if wanted.mode == "off" or wanted.on == "never":
            return Told("none")
        failed = False
        for _ in range(_ROUNDS):
            try:
                todo = self._todo(wanted)
                if self.options.dry_run:
                    return Told("none", steps=tuple(todo))
                self._carry_out(todo)
            except (UpstreamError, InputError) as error:
                # It may be done all the same, or its comment be gone: one more look tells.
                if self._is_final(error, failed=failed):
                    raise
                failed = True
            else:
                if not any(isinstance(step, Add) for step in todo):
                    break
        return self._told()

    def suggest(self) -> Told:
        """What is not suggested yet, unless the lines have moved on."""
        review = self.review
        wanted = suggestions(review.profiles, shown=review.changed_lines, escape=escape)
        if not wanted:
            return Told("none")
        new = unsaid(wanted, self.pulls.notes(self.pull.number))
        if not new or self._head() != review.head_commit:
            return Told("none")
        if not self.options.dry_run:
            self.pulls.add_notes(self.pull, new)
        return Told("none", notes=new)

    def _todo(self, wanted: WantedComment) -> list[CommentStep]:
        """The steps as of now; the head is asked for only where one of them writes."""
        listed = {one.id: one for one in self.pulls.comments(self.pull.number)}
        # A list may lag behind: what was added is there, whatever it says.
        seen = list((self.added | listed).values())
        text = rendered(self.review, self._look(wanted, history(wanted, seen)))
        todo = steps(wanted, seen, text=text, head=wanted.head)
        if all(isinstance(step, Skip) for step in todo):
            return todo
        return steps(wanted, seen, text=text, head=self._head())

    def _look(self, wanted: WantedComment, past: Sequence[Past]) -> Look:
        hidden = len(preamble(wanted, past).encode())
        shown = tuple(ShownPast(one.head, one.line) for one in past)
        return self.look._replace(history=shown, budget_bytes=self.look.budget_bytes - hidden)

    def _head(self) -> str:
        return self.pulls.pull(self.pull.number).head_commit

    def _carry_out(self, todo: Iterable[CommentStep]) -> None:
        for step in todo:
            self.tried.append(step)
            match step:
                case Add(body):
                    comment = self.pulls.add_comment(self.pull.number, body)
                    self.added[comment.id] = comment
                case Rewrite(comment, body):
                    self.pulls.edit_comment(comment, body)
                case Remove(comment):
                    self.pulls.delete_comment(comment)
                case Minimize(comment):
                    self.pulls.minimize_comment(comment)
                case Skip():
                    pass

    def _is_final(self, error: ReplannerError, *, failed: bool) -> bool:
        if self.added:
            return False  # the comment stands; only duplicates may be left for the next run
        return failed or isinstance(error, (AccessDenied, RateLimited))

    def _told(self) -> Told:
        kinds = {type(step) for step in self.tried}
        skipped = next((_SILENT[one.reason] for one in self.tried if isinstance(one, Skip)), None)
        operation: Operation = skipped or "none"
        if Add in kinds or Rewrite in kinds:
            operation = "created" if Add in kinds else "updated"
        return Told(operation, self._standing(), steps=tuple(self.tried))

    def _standing(self) -> Comment | None:
        named = [one.comment for one in self.tried if isinstance(one, (Rewrite, Skip))]
        return next(filter(None, reversed([*self.added.values(), *named])), None)


def _wanted(review: Review, scope: str, options: TalkOptions) -> WantedComment:
    return WantedComment(
        head=review.head_commit,
        base=review.base_commit,
        digest=review.digest,
        verdict=review.verdict,
        line=sentence(review),
        news=bool(review.news or review.config_trouble),
        blocked=review.blocked,
        seq=options.seq,
        scope=scope,
        mode=options.mode,
        on=options.on,
    )
