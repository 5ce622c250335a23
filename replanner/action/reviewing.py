"""Reviews a pull request, or two commits, and says so where the run may write."""

from dataclasses import replace
from typing import Final

from replanner.action.outputs import Done
from replanner.action.run import Run
from replanner.action.telling import tell
from replanner.propose.decision import Decision
from replanner.propose.shapes import REPLAN_LABEL
from replanner.propose.sticky import Add, CommentStep, Minimize, Remove, Rewrite, Skip
from replanner.replan import talk
from replanner.replan.ports import Pull
from replanner.report.review import Review
from replanner.run.reviewing import pull_of, review_pull, tell_pull

_NOTHING: Final = talk.Told("none")
_WOULD: Final[dict[type[CommentStep], str]] = {
    Add: "would write a comment",
    Rewrite: "would edit the comment",
    Remove: "would delete a duplicate of the comment",
    Minimize: "would fold an older comment",
}
_ANONYMOUS: Final = "no token was given, so nothing can be written"


def comment(run: Run, decision: Decision) -> Done:
    """Review, then comment and suggest; where the token can only read, the summary says it all."""
    pull = pull_of(run.scene, run.event, decision)
    review = _reviewed(run, pull)
    why = decision.read_only or (_ANONYMOUS if run.anonymous else "")
    if why:
        sentence = f"No comment was written: {why}."
        run.runner.notice(sentence)
        told = talk.Told("skipped-readonly")
        return tell(run, replace(review, notes=(*review.notes, sentence)), told)
    told = tell_pull(run.scene, pull, review, seq=run.seq, run_url=run.run_url)
    if run.event.label == REPLAN_LABEL and not run.settings.dry_run:
        run.world.pulls.remove_label(pull, REPLAN_LABEL)
    return tell(run, review, told, writes=_would(told) if run.settings.dry_run else ())


def check(run: Run, decision: Decision) -> Done:
    """Verdict, annotations and summary; nothing is written."""
    pull = pull_of(run.scene, run.event, decision)
    return tell(run, _reviewed(run, pull), _NOTHING)


def _reviewed(run: Run, pull: Pull) -> Review:
    """The review, and by whose rules if that is not as it should be."""
    review, doubts = review_pull(run.scene, pull), run.world.doubts.values()
    for sentence in doubts:
        run.runner.warn(sentence)
    return replace(review, notes=(*review.notes, *doubts))


def _would(told: talk.Told) -> list[str]:
    steps = [_WOULD[type(step)] for step in told.steps if not isinstance(step, Skip)]
    notes = [f"would suggest a change of {note.path}:{note.line}" for note in told.notes]
    return [*steps, *notes] or ["nothing would be written"]
