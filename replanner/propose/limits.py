"""Decides how many proposals may be opened; what is open already is never closed to make room."""

from collections.abc import Iterable, Iterator, Sequence

from replanner.propose.shapes import Rules, Seen
from replanner.propose.steps import Close, Leave, Open, Step, branch_of

_UNLIMITED = 1 << 30


def within(
    plans: Iterable[Sequence[Step]], *, rules: Rules, seen: Seen, ending: Iterable[Step]
) -> Iterator[Step]:
    """The steps of each proposal, in order, until there is room for no new one; what somebody asked
    for by name takes no room. `ending` are the steps of this run that close others."""
    room = _room(rules, seen, ending)
    for steps in plans:
        opened = next((step for step in steps if isinstance(step, Open)), None)
        if opened is None or opened.proposal.group in rules.forced:
            yield from steps
        elif room:
            room -= 1
            yield from steps
        else:
            yield Leave(branch_of(opened), "limit")


def _room(rules: Rules, seen: Seen, ending: Iterable[Step]) -> int:
    shown = sum(one.state == "open" for one in seen.proposals)
    staying = shown - sum(isinstance(step, Close) for step in ending)
    limits = [
        rules.new_limit,
        None if rules.open_limit is None else rules.open_limit - staying,
    ]
    return max(0, min([limit for limit in limits if limit is not None], default=_UNLIMITED))
