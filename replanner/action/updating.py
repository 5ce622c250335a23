"""Opens and updates our own pull requests, to one base or to several."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from replanner.action.outputs import Done, of_replanned
from replanner.action.run import CHECKS_WAIT, Run
from replanner.action.update_summary import summary
from replanner.errors import ReplannerError
from replanner.profile.settings import Settings
from replanner.propose.decision import Decision
from replanner.propose.steps import Leave
from replanner.replan import Replanned
from replanner.replan.gate import exit_code_of
from replanner.replan.judge import Judged
from replanner.run.updating import update_base


@dataclass(slots=True)
class _Updated:
    """What the bases came to."""

    done: list[Replanned] = field(default_factory=list)
    errors: list[ReplannerError] = field(default_factory=list)


def update(run: Run, decision: Decision) -> Done:
    """One run of the loop a base; what fails for one base holds back no other."""
    updated = _Updated()
    for base in run.settings.base or (None,):
        try:
            updated.done.append(_update(run, base, decision))
        except ReplannerError as error:
            run.runner.complain(error)
            updated.errors.append(error)
    run.runner.summarize(
        summary(updated.done, updated.errors, repository=run.look().repository_url)
    )
    outputs = of_replanned(updated.done)
    verified = any(
        one.operation in ("created", "updated") for each in updated.done for one in each.published
    )
    if verified and not run.settings.dry_run and run.world.signs():
        outputs["pull-request-commits-verified"] = "true"
    return Done(_exit_code(run.settings, updated), outputs)


def _update(run: Run, name: str | None, decision: Decision) -> Replanned:
    silent = bool(decision.read_only) or run.anonymous
    group, forced = decision.group, decision.forced
    result = update_base(run.scene, name, group=group, forced=forced, silent=silent)
    _say(run, result)
    return result


def _say(run: Run, result: Replanned) -> None:
    runner = run.runner
    for one in result.judged:
        runner.say(_profile(one), "debug" if one.status == "nothing" else "info")
        if one.error:
            runner.complain(one.error, path=one.path)
    for text in result.writes_in_words:
        runner.say(text)
    for step in result.steps:
        if isinstance(step, Leave):
            runner.say(f"{step.sentence} ({step.reason})")
    for failure in result.failures:
        runner.complain(failure.error)
    for text in (*result.warnings, *run.world.warnings):
        runner.warn(text)
    if result.checks_wait and result.writes:
        runner.notice(CHECKS_WAIT)
    if not result.writes and not result.failures:
        runner.say(f"Nothing to write on {result.base.name}.")


def _profile(one: Judged) -> str:
    told = one.change.verdict if one.change else one.waits or one.status
    return f"{one.path}: {told}"


def _exit_code(settings: Settings, updated: _Updated) -> int:
    codes = [error.exit_code for error in updated.errors]
    codes += [code for one in updated.done for code in _codes(one)]
    return exit_code_of(codes, settings.on_error)


def _codes(one: Replanned) -> Sequence[int]:
    errors = [*(each.error for each in one.judged), *(each.error for each in one.failures)]
    return [error.exit_code for error in errors if error]
