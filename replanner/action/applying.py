"""Writes regenerated files to a pull request's own branch, where somebody who may asked for it."""

from collections.abc import Iterator

from replanner.action.outputs import Done
from replanner.action.run import CHECKS_WAIT, Run
from replanner.errors import worst_exit_code
from replanner.propose.decision import Decision
from replanner.replan.apply import Applied
from replanner.replan.write_back import WrittenBack
from replanner.report.markdown import escape
from replanner.run.applying import apply_to_pull
from replanner.run.reviewing import pull_of


def write_back(run: Run, decision: Decision) -> Done:
    """One commit with what `check` would miss, then the label is taken off again."""
    pull = pull_of(run.scene, run.event, decision)
    why = decision.read_only or ("dry-run is set" if run.settings.dry_run else "")
    done = apply_to_pull(run.scene, pull, read_only=bool(why))
    _say(run, done, why)
    profiles = done.applied.profiles
    return Done(worst_exit_code(one.error.exit_code for one in profiles if one.error))


def _say(run: Run, done: WrittenBack, why: str) -> None:
    lines = [*_profiles(done.applied), done.sentence]
    if done.commit:
        lines.append(CHECKS_WAIT)
    if why:
        lines.append(f"Nothing was written: {why}.")
    for line in lines:
        run.runner.say(line)
    items = "\n".join(f"- {escape(line)}" for line in lines)
    run.runner.summarize(f"### Regenerated files\n\n{items}")


def _profiles(applied: Applied) -> Iterator[str]:
    for one in applied.profiles:
        if one.error:
            yield f"{one.path}: {one.error.in_full}"
        elif one.files.write:
            yield f"{one.path}: {', '.join(sorted(one.files.write))}"
        for path in one.files.hand_edited:
            yield f"{path} was edited by hand and stays as it is."
