"""Tells what a review came to wherever a run can: log, annotations, reports, summary, outputs."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from replanner import __version__
from replanner.action.outputs import Done, of_comment, of_review
from replanner.action.run import Run
from replanner.errors import ReplannerError
from replanner.replan.artifacts import render_files
from replanner.replan.gate import exit_code_of
from replanner.replan.talk import Told
from replanner.report.annotations import annotations, command
from replanner.report.headline import PLAIN, phrase, sentence
from replanner.report.review import Review, Reviewed
from replanner.report.review_json import report_text
from replanner.report.sarif import sarif
from replanner.report.summary import BUDGET_BYTES, Extras, summary

_MOST_COMMANDS: Final = 50


def tell(run: Run, review: Review, told: Told, writes: Sequence[str] = ()) -> Done:
    """Everything but the comment, which `told` tells of."""
    _say(run, review, told)
    if run.settings.annotations:
        for one in annotations(review):
            run.runner.raw(command(one))
    files = _reports(run, review)
    look = run.look()._replace(budget_bytes=BUDGET_BYTES)
    extras = Extras(dict(_commands(review)), writes, run.settings.dry_run)
    run.runner.summarize(summary(review, look, extras))
    # The verdict alone decides, unless the workflow wants to fail with GitHub.
    code = review.exit_code or unsaid_exit_code(run, told)
    return Done(code, {**of_review(review), **of_comment(told), **files})


def _say(run: Run, review: Review, told: Told) -> None:
    runner = run.runner
    runner.say(sentence(review, PLAIN))
    for one in review.profiles:
        quiet = one.kind == "unchanged" and one.level == "ok"
        line = f"{one.path}: {one.kind}, {one.level}: {phrase(one, PLAIN)}"
        runner.say(line, "debug" if quiet else "info")
    for text in review.notes:
        runner.say(text, "warning")
    for text in told.warnings:
        runner.warn(text)
    runner.say(f"The comment: {told.operation}.")
    closed = f"closed: fail-on is {run.settings.fail_on}" if review.blocked else "open"
    runner.say(f"The verdict is {review.verdict}; the gate is {closed}.")


def unsaid_exit_code(run: Run, told: Told) -> int:
    """Of a comment that could not be written because GitHub did not answer."""
    codes = [told.error.exit_code] if told.error else []
    return exit_code_of(codes, run.settings.on_error)


def _reports(run: Run, review: Review) -> dict[str, str]:
    """The files asked for, and the outputs that name them."""
    settings, space = run.settings, run.space
    text = report_text(review, planner_version=__version__)
    space.write(settings.report_path, text, what="report-path")
    if not settings.sarif_path:
        return {"report-path": settings.report_path}
    found = json.dumps(sarif(review, planner_version=__version__), sort_keys=True)
    space.write(settings.sarif_path, found + "\n", what="sarif-path")
    return {"report-path": settings.report_path, "sarif-path": settings.sarif_path}


def _commands(review: Review) -> Iterator[tuple[str, str]]:
    """How each changed profile would be served."""
    for one in [one for one in review.news if one.record][:_MOST_COMMANDS]:
        text = _command(one)
        if text:
            yield one.path, text


def _command(one: Reviewed) -> str:
    if one.record is None:
        return ""
    try:
        files = render_files(one.record, names=("command",)).files
    except ReplannerError:  # vLLM would refuse the plan, and the review says why
        return ""
    return next((file.text for name, file in files.items() if name.endswith(".sh")), "")
