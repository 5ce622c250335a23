"""What is wanted of a forge and what it shows: plain values between the use-case and adapters."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

LABEL = "replanner"
HOLD_LABEL = "replanner:hold"
MODIFIED_LABEL = "replanner:modified"
INFEASIBLE_LABEL = "replanner:infeasible"
# What people put on a pull request to ask for something.
REPLAN_LABEL = "replanner:replan"
APPLY_LABEL = "replanner:apply"


@dataclass(frozen=True, slots=True)
class Blob:
    """One file's content."""

    data: bytes
    executable: bool = False


# Path -> content; None deletes.
Files = Mapping[str, Blob | None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one group's pull request should be. `digest` identifies its content to the lifecycle:
    a proposal that somebody closed stays closed until the digest changes. `merge_method` is set
    where it may be merged without anybody's look at it."""

    group: str
    branch: str
    base: str
    base_commit: str
    digest: str
    title: str
    text: str
    message: str
    files: Files = field(default_factory=dict)
    labels: tuple[str, ...] = (LABEL,)
    draft: bool = False
    infeasible: bool = False
    merge_method: str = ""
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner of the repository asked of every run, or somebody of this one.

    At most `open_limit` proposals are open and `new_limit` opened by one run; None sets no limit.
    Groups in `forced` are written afresh whatever stands on their branch. Where `only` names
    groups, nothing happens to others.
    """

    open_limit: int | None = None
    new_limit: int | None = None
    recreate_closed: bool = False
    forced: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    def concern(self, group: str) -> bool:
        return not self.only or group in self.only


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything this run would propose.

    Groups in `frozen` rest on something unknown: nothing may happen to them. Groups in `waiting`
    have a revision that is too young: what is open stays as it is. Groups in `kept` may change, but
    having nothing to propose is no reason to close them. Unless `certain`, no group is. `endings`
    says of groups that have nothing to propose why that is so.
    """

    proposals: tuple[Proposal, ...] = ()
    frozen: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    certain: bool = True
    endings: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)

    def is_settled(self, group: str) -> bool:
        """May something of it be closed or tidied away? A revision's group is named after that of
        its model."""
        unsettled = self.frozen | self.waiting | self.kept
        return self.certain and unsettled.isdisjoint((group, group.rpartition("-")[0]))


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch below our prefix. `ours`: only our own commits stand on it. `digest` is what its
    last commit says it proposes. `conflicted`: merged as it is, it would clash with the base, or
    bring back what the base's history was cleaned of. `behind`: the base has commits that it lacks.
    `in_use`: a working tree has it checked out."""

    head: str
    ours: bool
    digest: str = ""
    merged: bool = False
    conflicted: bool = False
    behind: bool = False
    in_use: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A pull request as the forge shows it. `retargeted`: somebody pointed it at another base."""

    id: str
    branch: str
    state: Literal["open", "closed", "merged"]
    title: str
    body: str
    labels: tuple[str, ...] = ()
    draft: bool = False
    url: str = ""
    merges_itself: bool = False
    retargeted: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What the forge shows of one base: branches below the prefix, pull requests newest first.

    `checks_wait`: checks on what this account pushes wait for somebody's approval. `guarded`: the
    base takes nothing whose required checks have not passed; None where that cannot be seen.
    `strict`: it takes only branches that are up to date with it. `signer`: `Name <mail>` of the
    account that commits, for people who ask for a sign-off; empty where that cannot be seen.
    """

    branches: Mapping[str, Branch] = field(default_factory=dict)
    proposals: tuple[Shown, ...] = ()
    checks_wait: bool = False
    guarded: bool | None = None
    strict: bool = False
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment below a pull request; `ours`: this run's own account wrote it."""

    id: int
    body: str
    ours: bool
    url: str = ""
    minimized: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A review comment on one line of the head's file."""

    path: str
    line: int
    body: str


def digest_of(parts: Mapping[str, str]) -> str:
    """One digest over named parts, whatever their order and whatever they hold."""
    joined = "".join(f"{len(key)}:{key}{len(parts[key])}:{parts[key]}" for key in sorted(parts))
    return hashlib.sha256(joined.encode("utf-8", "surrogateescape")).hexdigest()
