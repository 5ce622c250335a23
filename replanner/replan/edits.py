"""Decides which one-line edits of a profile are offered: found by planning the edited file, never
guessed, and kept only where the plan then fits and keeps the repository's limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from replanner.errors import ReplannerError
from replanner.planning.fixes import effect
from replanner.planning.record import PlanRecord
from replanner.planning.request import FlagValue
from replanner.planning.result import Fix
from replanner.planning.verdict import state
from replanner.profile import GatePolicy, LoadedProfile, edit_profile, parse_profile
from replanner.replan.gate import limits
from replanner.report.review import Edit
from replanner.resolve import Place, Planner

_MOST_EDITS = 3
_MOST_TRIES = 24
_LENGTH_STEP = 1024
_LENGTH = "model.max_model_len"


@dataclass(frozen=True, slots=True)
class Editor:
    """Edits one profile whose plan is `record`; `before` is what throughput is compared with."""

    planner: Planner
    loaded: LoadedProfile
    place: Place
    record: PlanRecord
    policy: GatePolicy
    before: PlanRecord | None = None

    def edits(self) -> tuple[Edit, ...]:
        """The smallest changes that help, at most one of each setting."""
        found: dict[str, Edit] = {}
        for setting, value in islice(self._tries(), _MOST_TRIES):
            if setting not in found and (edit := self._tried(setting, value)):
                found[setting] = edit
            if len(found) == _MOST_EDITS:
                break
        return tuple(found.values())

    def _tries(self) -> Iterator[tuple[str, FlagValue]]:
        plan = self.record.plan
        if state(self.record) != "fits":
            yield from ((fix.setting, fix.value) for fix in plan.fixes)
            return
        yield from ((_LENGTH, length) for length in self._shorter_lengths())
        yield from self.planner.tries(self.loaded.profile, pinned=self.record)

    def _shorter_lengths(self) -> Iterator[int]:
        """The longest round lengths at which as many requests fit as the policy asks for. The KV
        cache itself shrinks a little with shorter tables, hence two more."""
        least, feasibility = self.policy.min_concurrency, self.record.plan.feasibility
        if least is None or feasibility.max_concurrency_at_context >= least:
            return
        length = int(feasibility.kv_cache_tokens / least) // _LENGTH_STEP * _LENGTH_STEP
        yield from (length, length - _LENGTH_STEP, length - 2 * _LENGTH_STEP)

    def _tried(self, setting: str, value: FlagValue) -> Edit | None:
        """The edit, if the file that it makes is planned as wanted."""
        if isinstance(value, tuple):
            return None
        try:
            text = edit_profile(self.loaded.text, {setting: value}, name=self.place.path)
            edited = parse_profile(text, name=self.place.path).profile
            record = self.planner.record(edited, self.place, pinned=self.record)
        except ReplannerError:
            return None
        changed = _changed_line(self.loaded.text, text)
        if changed is None or not self._is_good(record):
            return None
        told = effect(record.plan.feasibility, record.plan.config)
        shown = str(Fix(setting, value, "")).removeprefix(f"{setting}: ")
        return Edit(self.place.path, *changed, setting=setting, value=shown, effect=told)

    def _is_good(self, record: PlanRecord) -> bool:
        if state(record) != "fits":
            return False
        return not limits(self.policy, record, before=self.before).breached


def _changed_line(old: str, new: str) -> tuple[int, str] | None:
    """(line, text) where one line was changed, or lines were put below one; else None.

    Lines are those of git and of review comments: they end with a newline and nothing else.
    """
    before, after = old.split("\n"), new.split("\n")
    same = _shared(before, after)
    tail = _shared(before[same:][::-1], after[same:][::-1])
    gone, come = before[same : len(before) - tail], after[same : len(after) - tail]
    if come and not gone and same:  # put below the line above
        same, gone, come = same - 1, [before[same - 1]], [before[same - 1], *come]
    if len(gone) != 1:
        return None
    return same + 1, "\n".join(line.removesuffix("\r") for line in come)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
