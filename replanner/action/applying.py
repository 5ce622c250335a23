"""Writes regenerated files to a pull request's own branch, where somebody who may asked for it."""

from collections.abc import Iterator

from replanner.action.outputs import Done
from replanner.action.reviewing import pull_of
from replanner.action.run import Run
from replanner.errors import worst_exit_code
from replanner.propose.decide import Decision
from replanner.propose.shapes import APPLY_LABEL
from replanner.replan.apply import Applied, apply
from replanner.replan.ports import Pull
from replanner.replan.repository import read_repository
from replanner.report.markdown import escape

_NO_RUN = (
    "A commit by a workflow's own token starts checks only after somebody approves them; a GitHub"
    " App's token has no such limit."
)


def write_back(run: Run, decision: Decision) -> Done:
    """One commit with what `check` would miss, then the label is taken off again."""
    pull = pull_of(run, decision)
    tree = run.world.tree(pull.head_commit)
    hub, settings = run.hub(tree, foreign=False), run.settings
    repository = read_repository(tree, globs=settings.profiles, config_path=settings.config)
    applied = apply(repository, hub)
    why = decision.read_only or ("dry-run is set" if settings.dry_run else "")
    lines = [*_profiles(applied), _written(run, pull, applied, why)]
    if not why:
        run.world.pulls.remove_label(pull, APPLY_LABEL)
    for line in lines:
        run.runner.say(line)
    items = "\n".join(f"- {escape(line)}" for line in lines)
    run.runner.summarize(f"### Regenerated files\n\n{items}")
    return Done(worst_exit_code(one.error.exit_code for one in applied.profiles if one.error))


def _written(run: Run, pull: Pull, applied: Applied, why: str) -> str:
    """What became of the files, in a sentence."""
    count = f"{len(applied.files)} file{'s' * (len(applied.files) != 1)}"
    if not applied.files:
        return "All files are what the profiles say."
    if why:
        return f"Would commit {count} to {pull.head}: {why}."
    message = f"Regenerate files\n\nAsked for with the label {APPLY_LABEL}.\n"
    commit = run.world.pulls.commit(pull, applied.files, message=message)
    return f"Committed {count} to {pull.head} as {commit[:7]}. {_NO_RUN}"


def _profiles(applied: Applied) -> Iterator[str]:
    for one in applied.profiles:
        if one.error:
            yield f"{one.path}: {one.error.message} {one.error.hint}".strip()
        elif one.files.write:
            yield f"{one.path}: {', '.join(sorted(one.files.write))}"
        for path in one.files.hand_edited:
            yield f"{path} was edited by hand and stays as it is."
