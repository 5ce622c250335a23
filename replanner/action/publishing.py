"""Posts the report of another run: of a fork's pull request, whose own run may not write."""

from dataclasses import replace

from replanner.action.outputs import Done, of_comment, of_review
from replanner.action.run import Run
from replanner.action.telling import unsaid_exit_code
from replanner.propose.decision import Decision
from replanner.replan import talk
from replanner.report.headline import PLAIN, sentence
from replanner.report.review_json import MAX_BYTES, parse_report
from replanner.run.reviewing import talk_options


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
    options = replace(talk_options(run.scene, seq=run.seq), suggestions=False)
    run.runner.say(f"Pull request {pull.number}: {sentence(review, PLAIN)}")
    told = talk.publish(pulls, pull, review, look=run.look(), options=options)
    for text in told.warnings:
        run.runner.warn(text)
    run.runner.say(f"The comment: {told.operation}.")
    return Done(unsaid_exit_code(run, told), {**of_review(review), **of_comment(told)})
