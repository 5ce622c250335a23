"""Decides which upstream revisions are too young to be proposed: repositories of models see bursts
of commits, and the first of them is seldom the last."""

from collections.abc import Iterable
from typing import NamedTuple

from replanner.planning.wording import short_commit
from replanner.resolve import Hub

_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


class Cooldown(NamedTuple):
    """How old a revision must be, in seconds, and when now is, in seconds since 1970."""

    min_age_s: int = 0
    now_s: int = 0

    def waits_for(self, moved: Iterable[tuple[str, str]], hub: Hub) -> str:
        """Which of the commits that models moved to is too young, as a sentence; else empty. A
        commit whose date is not known is old enough: it would be waited for without end."""
        for model_id, commit in moved:
            at_s = hub.committed_at(model_id, commit)
            if at_s is not None and self.now_s - at_s < self.min_age_s:
                what, age = f"{model_id} {short_commit(commit)}", _span(self.now_s - at_s)
                return f"{what} is {age} old; it is taken up after {_span(self.min_age_s)}."
        return ""


NO_COOLDOWN = Cooldown()


def _span(seconds: int) -> str:
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} seconds"
