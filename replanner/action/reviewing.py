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
from replanner.replan.pairs import Side
from replanner.replan.ports import Pull
from replanner.replan.repository import read_config
from replanner.replan.review import ReviewFacts
from replanner.replan.review import review as judge
from replanner.report.review import Review

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
    pull = pull_of(run, decision)
    review = review_pull(run, pull)
    why = decision.read_only or (_ANONYMOUS if run.anonymous else "")
    if why:
        sentence = f"No comment was written: {why}."
        run.runner.notice(sentence)
        told = talk.Told("skipped-readonly")
        return tell(run, replace(review, notes=(*review.notes, sentence)), told)
    told = talk.publish(run.world.pulls, pull, review, look=run.look(), options=talk_options(run))
    if run.event.label == REPLAN_LABEL and not run.settings.dry_run:
        run.world.pulls.remove_label(pull, REPLAN_LABEL)
    return tell(run, review, told, writes=_would(told) if run.settings.dry_run else ())


def check(run: Run, decision: Decision) -> Done:
    """Verdict, annotations and summary; nothing is written."""
    pull = pull_of(run, decision)
    return tell(run, review_pull(run, pull), _NOTHING)


def pull_of(run: Run, decision: Decision) -> Pull:
    """The pull request as the event tells it: what is reviewed is the commit that set us off. Two
    commits without one are a pull request that nobody opened."""
    facts = run.event.pull
    if decision.number is not None and (facts is None or not facts.head_commit):
        return run.world.pulls.pull(decision.number)
    if decision.number is not None and facts is not None and facts.number != decision.number:
        return run.world.pulls.pull(decision.number)
    named = facts if decision.number is not None else None
    return Pull(
        number=decision.number or 0,
        state="open",
        base=named.base if named else run.event.branch or decision.base,
        base_commit=decision.base,
        head=named.head if named else decision.head,
        head_commit=decision.head,
        head_repository=named.head_repository if named else run.event.repository,
        author=named.author if named else run.event.actor,
    )


def review_pull(run: Run, pull: Pull) -> Review:
    """Both sides planned; the base is where the head branched off, but its rules are today's."""
    world, settings = run.world, run.settings
    found = world.pulls.compare(pull.base_commit, pull.head_commit)
    base, head = world.tree(found.merge_base), world.tree(pull.head_commit)
    tip = world.tree(pull.base_commit)
    foreign = pull.head_repository != run.event.repository
    facts = ReviewFacts(
        base=pull.base,
        base_commit=found.merge_base,
        head_commit=pull.head_commit,
        changed=tuple(found.lines) if found.complete else None,
        lines=found.lines,
        globs=settings.profiles,
        config_path=settings.config,
        rules=read_config(tip, tip.paths(), settings.config),
        fail_on=settings.fail_on,
        on_error=settings.on_error,
    )
    sides = [Side(tree, run.hub(tree, foreign=foreign)) for tree in (head, base)]
    return judge(*sides, facts=facts)


def talk_options(run: Run) -> talk.TalkOptions:
    """How the workflow wants things said."""
    settings = run.settings
    return talk.TalkOptions(
        seq=run.seq,
        mode=settings.comment_mode,
        on=settings.comment_on,
        suggestions=settings.suggestions,
        dry_run=settings.dry_run,
    )


def _would(told: talk.Told) -> list[str]:
    steps = [_WOULD[type(step)] for step in told.steps if not isinstance(step, Skip)]
    notes = [f"would suggest a change of {note.path}:{note.line}" for note in told.notes]
    return [*steps, *notes] or ["nothing would be written"]
