"""What a run is asked to be and what it turns out to be, as plain values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from replanner.event import Event

Mode = Literal["comment", "check", "update", "publish", "apply", "none"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the workflow asked for beside the event; empty values ask for nothing."""

    mode: str = "auto"
    branch_prefix: str = "replanner/"
    bases: tuple[str, ...] = ()
    number: int | None = None
    base_ref: str = ""
    head_ref: str = ""
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run does, and why, in a sentence.

    `number`: the pull request it is about. `base`, `head`: what to compare where there is none.
    `read_only`: why nothing may be written, else empty. `needs_writer`: who has to be able to push,
    or `otherwise` is done, nothing where that is None. `needs_touch`: nothing is done unless
    `base..head` touches what we plan. `group`: the only proposal that is meant; `forced`: it is to
    be written afresh.
    """

    mode: Mode
    reason: str
    number: int | None = None
    base: str = ""
    head: str = ""
    read_only: str = ""
    needs_writer: str = ""
    needs_touch: bool = False
    group: str = ""
    forced: bool = False
    react_to: int | None = None
    run_commit: str = ""
    run_repository: str = ""
    otherwise: "Decision | None" = None

    @property
    def writes(self) -> bool:
        """Whether the run may write at all."""
        return self.mode not in ("check", "none") and not self.read_only


Rule = Callable[[Event, Wish], Decision]


def nothing(reason: str) -> Decision:
    """A supported event in which nothing is asked of us."""
    return Decision("none", reason)
