"""The loop: profiles and models as they are now, against the plans in the base; what differs is
proposed, once per group. The same inputs twice make no write."""

from collections.abc import Collection, Iterator

from replanner.propose import Seen, Wanted, branch_name, steps
from replanner.propose.titles import is_conventional
from replanner.replan.gate import judged_level
from replanner.replan.grouping import group_judged
from replanner.replan.judge import Judge
from replanner.replan.options import Options
from replanner.replan.outcome import Replanned, published
from replanner.replan.ports import Base, Forge
from replanner.replan.proposals import Drafter, branch_of_group
from replanner.replan.publish import Publisher
from replanner.replan.repository import read_repository
from replanner.resolve import Hub, Planner, Registry

_NO_SIGNER = "no Signed-off-by line was written: whom this token's commits are by cannot be seen."


def replan(
    forge: Forge, hub: Hub, options: Options, *, registry: Registry | None = None
) -> Replanned:
    """One run: read, compute, publish."""
    base = forge.base(options.base)
    repository = read_repository(
        base.tree, only=options.only, globs=options.globs, config_path=options.config_path
    )
    classes, cooldown = options.revision_classes, options.cooldown
    planner = Planner(hub, registry)
    judged = Judge(repository, planner, revision_classes=classes, cooldown=cooldown).all()
    found = group_judged(judged, options.group_by, base=base.name, partial=repository.partial)
    seen = _look(forge, base, options, found.members)
    conventional = bool(found.members) and _is_conventional(forge, base, options.title_style)
    config = repository.config
    wanted = Drafter(base, options, config, seen, conventional).wanted(found)
    publisher, todo = Publisher(forge, base.name), steps(wanted, seen)
    done = todo if options.dry_run else publisher.publish(todo)
    return Replanned(
        base,
        judged,
        tuple(judged_level(one, config.policy_for(one.path)) for one in judged),
        wanted.proposals,
        tuple(done),
        failures=tuple(publisher.failures.values()),
        published=published(wanted.proposals, done, seen=seen, by=publisher),
        warnings=tuple(_warnings(options, wanted, seen)),
        checks_wait=seen.checks_wait,
        dry_run=options.dry_run,
    )


def _warnings(options: Options, wanted: Wanted, seen: Seen) -> Iterator[str]:
    if options.signoff and wanted.proposals and not seen.signer:
        yield _NO_SIGNER
    known = {proposal.group for proposal in wanted.proposals}
    yield from (f"nothing is proposed for {one!r}." for one in options.forced if one not in known)


def _look(forge: Forge, base: Base, options: Options, groups: Collection[str]) -> Seen:
    prefix = branch_name(base.name, "", prefix=options.prefix, scope=options.scope)
    return forge.look(base, prefix, wanted=[branch_of_group(one, base, options) for one in groups])


def _is_conventional(forge: Forge, base: Base, style: str) -> bool:
    return style == "conventional" or (style == "auto" and is_conventional(forge.subjects(base)))
