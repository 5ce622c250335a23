"""Reviews a pull request, or two commits, and says so in it."""

from dataclasses import replace

from replanner.event import Event
from replanner.propose.decision import Decision
from replanner.replan import talk
from replanner.replan.pairs import Side
from replanner.replan.ports import Pull
from replanner.replan.repository import read_config
from replanner.replan.review import ReviewFacts
from replanner.replan.review import review as judge
from replanner.report.review import Review
from replanner.run.scene import Scene
from replanner.run.world import World


def pull_of(scene: Scene, event: Event, decision: Decision) -> Pull:
    """The pull request as the event tells it: what is reviewed is the commit that set us off. Two
    commits without one are a pull request that nobody opened."""
    facts, pulls = event.pull, scene.world.pulls
    if decision.number is not None and (facts is None or not facts.head_commit):
        return at_tip(scene.world, pulls.pull(decision.number))
    if decision.number is not None and facts is not None and facts.number != decision.number:
        return at_tip(scene.world, pulls.pull(decision.number))
    if decision.number is None or facts is None:
        found = commits_of(scene, decision.base, decision.head)
        return replace(found, base=event.branch or decision.base, author=event.actor)
    found = Pull(
        number=decision.number,
        state="open",
        base=facts.base,
        base_commit=decision.base,
        head=facts.head,
        head_commit=decision.head,
        head_repository=facts.head_repository,
        author=facts.author,
    )
    return at_tip(scene.world, found)


def at_tip(world: World, pull: Pull) -> Pull:
    """With what its base stands at now, as far as that can be seen; a closed one's may be gone."""
    if pull.state != "open":
        return pull
    return replace(pull, base_commit=world.tip(pull.base, pull.base_commit))


def commits_of(scene: Scene, base: str, head: str) -> Pull:
    """Two commits of the repository as a pull request that nobody opened."""
    where = scene.repository
    return Pull(0, "open", base, base, head, head_commit=head, head_repository=where, author="")


def review_pull(scene: Scene, pull: Pull) -> Review:
    """Both sides planned; the base is where the head branched off, but its rules are today's."""
    world, settings = scene.world, scene.settings
    found = world.pulls.compare(pull.base_commit, pull.head_commit)
    base, head = world.tree(found.merge_base), world.tree(pull.head_commit)
    tip = world.tree(pull.base_commit)
    foreign = pull.head_repository != scene.repository
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
    registry = scene.registry(foreign=foreign)
    sides = [Side(tree, scene.hub(tree, foreign=foreign), registry) for tree in (head, base)]
    return judge(*sides, facts=facts)


def tell_pull(
    scene: Scene, pull: Pull, review: Review, *, seq: int, run_url: str = ""
) -> talk.Told:
    """The comment and the suggestions; `seq` grows from run to run."""
    look, options = scene.look(run_url), talk_options(scene, seq=seq)
    return talk.publish(scene.world.pulls, pull, review, look=look, options=options)


def talk_options(scene: Scene, *, seq: int) -> talk.TalkOptions:
    """How the repository wants things said."""
    settings = scene.settings
    return talk.TalkOptions(
        seq=seq,
        mode=settings.comment_mode,
        on=settings.comment_on,
        suggestions=settings.suggestions,
        dry_run=settings.dry_run,
    )
