"""The Action's front door: reads its surroundings, decides with the pure core what to do, does it,
and turns every failure into a sentence and an exit code. No policy lives here."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final, TextIO

from replanner.action import applying, publishing, reviewing, updating
from replanner.action.commands import Runner
from replanner.action.event import read_event
from replanner.action.inputs import read_inputs, unknown_inputs
from replanner.action.outputs import Done
from replanner.action.run import Run, hf_endpoint
from replanner.action.trust import trusting
from replanner.action.workspace import Workspace
from replanner.action.world import Connect, github
from replanner.errors import Bug, ReplannerError
from replanner.profile.settings import OnError, merged
from replanner.propose.decide import decide
from replanner.propose.decision import Decision
from replanner.replan.gate import exit_code_of
from replanner.report.markdown import escape
from replanner.run.scene import settings_of, wish_of
from replanner.run.settling import base_tree, settled, with_default_branch, with_head


def main(
    env: Mapping[str, str] | None = None,
    log: TextIO | None = None,
    *,
    connect: Connect = github,
) -> int:
    """One step of a workflow; its exit code (the contract: 0, 1, 2, 3, 4)."""
    env = os.environ if env is None else env
    runner = Runner.of(env, log or sys.stdout)
    try:
        done = _run(env, runner, connect)
    except ReplannerError as error:
        done = _refused(error, runner, env)
    except Exception as error:  # noqa: BLE001 - the funnel: a bug must not look like an answer
        done = _refused(Bug.of(error), runner, env)
    runner.outputs(done.all_outputs())
    return done.exit_code


def _refused(error: ReplannerError, runner: Runner, env: Mapping[str, str]) -> Done:
    """A run that came to nothing says why, and fails unless it is told not to."""
    runner.complain(error)
    hint = f" {escape(error.hint, longest=1000)}" if error.hint else ""
    runner.summarize(f"### replanner\n\n{escape(error.message, longest=1000)}{hint}")
    if error.__cause__ is not None and (
        env.get("REPLANNER_DEBUG") or env.get("RUNNER_DEBUG") == "1"
    ):
        runner.trace(error.__cause__)
    return Done(exit_code_of([error.exit_code], _on_error(env)), {"verdict": "unknown"})


def _on_error(env: Mapping[str, str]) -> OnError:
    """What the workflow says counts: the configuration may be what could not be read."""
    return "fail" if read_inputs(env).get("on-error", "").strip().lower() == "fail" else "warn"


def _run(env: Mapping[str, str], runner: Runner, connect: Connect) -> Done:
    inputs = read_inputs(env)
    for secret in ("token", "hf-token"):
        runner.mask(inputs.get(secret, "").strip())
    for sentence in unknown_inputs(env):
        runner.warn(sentence)
    settings = merged(inputs)
    event = read_event(env)
    decide(event, wish_of(settings))  # what makes no sense is refused before anything is asked
    space = Workspace.of(env)
    bundle = space.file(settings.ca_bundle, what="ca-bundle") if settings.ca_bundle else None
    with trusting(bundle, os.environ), connect(settings, event.repository, bundle) as world:
        event = with_head(with_default_branch(event, world), world)
        tree = base_tree(event, world, settings)
        settings, config = settings_of(tree, inputs, hf_endpoint=hf_endpoint(env))
        runner.level = settings.log_level if runner.level != "debug" else "debug"
        now_s = int(time.time())
        run = Run(event, inputs, settings, config, world, runner, space, env, now_s)
        return _carried_out(run)


def _carried_out(run: Run) -> Done:
    decision, refused = settled(run.scene, decide(run.event, wish_of(run.settings)))
    if refused:
        run.runner.say(refused)
    name = f"{run.event.name}{f' ({run.event.action})' if run.event.action else ''}"
    run.runner.say(f"On {name}: {decision.mode}, since {decision.reason}.")
    if run.anonymous:
        run.runner.say("No token was given: GitHub is read as anybody may, a few times an hour.")
    if decision.react_to is not None and decision.writes and not run.settings.dry_run:
        run.world.pulls.react(decision.react_to)
    return _RUNS[decision.mode](run, decision)


def _nothing(run: Run, decision: Decision) -> Done:
    run.runner.summarize(f"### replanner\n\nNothing to do: {escape(decision.reason)}.")
    return Done()


_RUNS: Final[Mapping[str, Callable[[Run, Decision], Done]]] = {
    "comment": reviewing.comment,
    "check": reviewing.check,
    "update": updating.update,
    "publish": publishing.publish,
    "apply": applying.write_back,
    "none": _nothing,
}
