"""What a review of a pull request found, as plain values: the comment, the summary, annotations,
the JSON report and SARIF are all made from it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from replanner.planning.diff import Change
from replanner.planning.record import PlanRecord

# From the worst to the best. `unknown` is none of them: it says nothing about the profile.
Level = Literal["infeasible", "policy", "warning", "ok", "safe", "unknown"]
Verdict = Literal["infeasible", "policy", "unknown", "warning", "ok", "safe", "none"]
Kind = Literal["new", "removed", "changed", "unchanged", "failed", "unknown"]


class Position(NamedTuple):
    """Where in the head's file something stands, from 1."""

    line: int
    column: int


class Edit(NamedTuple):
    """A change of one line of a profile that was planned and found to help.

    `line` is replaced by `text`, whole; `setting` and `value` say the same to people, `effect`
    what it does ("fits with 3.1 GiB to spare").
    """

    path: str
    line: int
    text: str
    setting: str
    value: str
    effect: str


class Breach(NamedTuple):
    """A limit of the repository's policy that a plan does not keep."""

    limit: str
    wanted: str
    found: str
    setting: str = ""


class Trouble(NamedTuple):
    """Why a profile could not be planned: bad input, or an upstream that did not answer."""

    message: str
    hint: str
    exit_code: int
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One profile of a pull request.

    `change` has both sides planned by this planner; an unchanged profile has none. `inherited`:
    what is wrong with it was so on the base, so the pull request is not to blame. `touched`: the
    pull request changes the profile's file. `kept` are the limits that the plan keeps, told like
    those it breaches. `places` are those of keys in the head's file.

    A profile of which the pull request changes nothing is not planned: `record` is the plan that
    the base holds, if any. `stale` are files of the head that are missing, out of date or left
    over; they are looked at only where plans are kept in the repository.
    """

    name: str
    path: str
    kind: Kind
    level: Level
    record: PlanRecord | None = None
    change: Change | None = None
    breaches: tuple[Breach, ...] = ()
    kept: tuple[Breach, ...] = ()
    edits: tuple[Edit, ...] = ()
    trouble: Trouble | None = None
    inherited: bool = False
    touched: bool = False
    stale: tuple[str, ...] = ()
    hand_edited: tuple[str, ...] = ()
    places: tuple[tuple[str, Position], ...] = ()

    @property
    def sides(self) -> tuple[PlanRecord | None, PlanRecord | None]:
        """The plans to compare; a profile that did not change has one."""
        return (self.change.old, self.change.new) if self.change else (None, self.record)

    def place(self, setting: str) -> Position | None:
        """Where a key like `hardware.tp_size` stands, else its section, else nothing."""
        found = dict(self.places)
        return found.get(setting) or found.get(setting.partition(".")[0])


@dataclass(frozen=True, slots=True)
class Review:
    """All profiles of a pull request, worst first, and what the gate makes of them.

    `digest` tells it from another review of the same pull request, commits apart. `notes` are
    sentences about the run itself: a policy that the pull request changes, a token that cannot
    write. `config_trouble`: the pull request makes the repository's configuration unreadable.
    `blocked` is the gate's answer; `exit_code` the process's.
    """

    profiles: tuple[Reviewed, ...]
    verdict: Verdict
    blocked: bool
    exit_code: int
    base: str
    base_commit: str
    head_commit: str
    digest: str = ""
    notes: tuple[str, ...] = ()
    changed_lines: frozenset[tuple[str, int]] = frozenset()
    config_trouble: Trouble | None = None

    @property
    def news(self) -> tuple[Reviewed, ...]:
        """What the pull request changes or cannot plan, worst first."""
        return tuple(one for one in self.profiles if one.kind != "unchanged")
