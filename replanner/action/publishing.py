"""Posts the report of another run: of a fork's pull request, whose own run may not write."""

from dataclasses import replace

from replanner.action.outputs import Done, of_comment, of_review
from replanner.action.run import Run
from replanner.propose.decide import Decision
from replanner.replan import talk
from replanner.report.headline import PLAIN, sentence
from replanner.report.review_json import MAX_BYTES, parse_report


def publish(run: Run, decision: Decision) -> Done:
    """Nothing in the report is trusted: neither which pull request it is about nor of which commit
    it tells; what is said is rendered here, and nothing is suggested."""
    data = run.space.read(run.settings.report_artifact, what="report-artifact", most=MAX_BYTES)
    review = parse_report(data)
    pulls = run.world.pulls
    pull = pulls.pull_of(decision.run_commit, repository=decision.run_repository)
    if pull is None:
        run.runner.say("No open pull request has the commit that was run: nothing is posted.")
        return Done()
    review = replace(review, base=pull.base, head_commit=decision.run_commit)
    settings = run.settings
    options = talk.TalkOptions(
        seq=run.seq,
        mode=settings.comment_mode,
        on=settings.comment_on,
        suggestions=False,
        dry_run=settings.dry_run,
    )
    run.runner.say(f"Pull request {pull.number}: {sentence(review, PLAIN)}")
    told = talk.publish(pulls, pull, review, look=run.look(), options=options)
    for text in told.warnings:
        run.runner.command("warning", text, title="replanner")
    run.runner.say(f"The comment: {told.operation}.")
    failed = told.error.exit_code if told.error and settings.on_error == "fail" else 0
    return Done(failed, {**of_review(review), **of_comment(told)})
