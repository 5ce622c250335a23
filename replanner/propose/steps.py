"""What can be done about a proposal: the steps that the lifecycle decides on and adapters carry
out, each with why nothing is done or how it is told."""

from dataclasses import dataclass
from typing import Literal

from replanner.propose.shapes import Proposal, Shown

Reason = Literal[
    "held",
    "modified",
    "closed-by-person",
    "foreign-branch",
    "checked-out",
    "unknown",
    "pending",
    "limit",
    "merging",
    "retargeted",
]

_WORDS: dict[Reason, str] = {
    "held": "somebody asked for that with the label replanner:hold or the box for it",
    "modified": "somebody else committed to its branch",
    "closed-by-person": "somebody closed it, and what it proposes has not changed since",
    "foreign-branch": "its branch holds commits that are not replanner's",
    "checked-out": "its branch is checked out in a working tree",
    "unknown": "something it rests on could not be read",
    "pending": "the model's newest revision is too young",
    "limit": "as many proposals are open, or were opened by this run, as are allowed",
    "merging": "it is set to merge by itself, which newer content must not do unseen",
    "retargeted": "somebody pointed its pull request at another base",
}


@dataclass(frozen=True, slots=True)
class Push:
    """Put the files on the base as one commit; the branch must still be at `expected`."""

    proposal: Proposal
    expected: str | None


@dataclass(frozen=True, slots=True)
class Open:
    """Open a pull request; `head` is None where the branch was just pushed. `follows` is the
    address of the one that was closed before."""

    proposal: Proposal
    head: str | None = None
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Bring a pull request up to date; `modified` says that its branch is no longer ours."""

    proposal: Proposal
    shown: Shown
    head: str | None = None
    modified: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Say in a pull request that nothing is left of it, and that its branch is others' work."""

    shown: Shown


@dataclass(frozen=True, slots=True)
class Merge:
    """Have the forge merge it once its checks pass; `shown` is None where it was just opened."""

    proposal: Proposal
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """A comment below a pull request, for what people should be told at once."""

    shown: Shown
    text: str


@dataclass(frozen=True, slots=True)
class Close:
    shown: Shown
    reason: str


@dataclass(frozen=True, slots=True)
class DeleteBranch:
    branch: str
    expected: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Do nothing, and say why."""

    branch: str
    reason: Reason

    @property
    def sentence(self) -> str:
        return f"{self.branch} is left alone: {_WORDS[self.reason]}."


Step = Push | Open | Edit | Remark | Merge | Say | Close | DeleteBranch | Leave

_VERBS: dict[type[Step], tuple[str, str, str]] = {
    Push: ("push", "push", "pushed"),
    Open: ("open", "open", "opened"),
    Edit: ("update", "update", "updated"),
    Remark: ("remark", "leave a note in", "left a note in"),
    Merge: ("merge", "let the forge merge", "let the forge merge"),
    Say: ("comment", "comment on", "commented on"),
    Close: ("close", "close", "closed"),
    DeleteBranch: ("delete", "delete", "deleted"),
    Leave: ("leave", "leave", "left"),
}


def branch_of(step: Step) -> str:
    match step:
        case Push() | Open() | Edit() | Merge():
            return step.proposal.branch
        case Remark() | Say() | Close():
            return step.shown.branch
        case DeleteBranch() | Leave():
            return step.branch


def verb(step: Step) -> str:
    """The step's name for machines."""
    return _VERBS[type(step)][0]


def words(step: Step, *, would: bool = False) -> str:
    """The step for people: what was done, or would be."""
    if isinstance(step, Leave):
        return step.sentence
    _, plan, done = _VERBS[type(step)]
    what = _what(step)
    return f"{f'would {plan}' if would else done} {branch_of(step)}{f': {what}' if what else ''}"


def _what(step: Step) -> str:
    match step:
        case Open() | Edit():
            return step.proposal.title
        case Close():
            return step.reason
        case _:
            return ""
