"""A forge in memory, as strict as a real one: branches move only from where they are expected, and
any write may be the last of a run."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import NoReturn

from replanner.errors import UpstreamError
from replanner.propose import Branch, Content, Proposal, Seen, Shown
from replanner.replan import Base


class Killed(BaseException):
    """The run was ended from outside, so nothing of ours may catch it."""


@dataclass
class MemoryForge:
    branches: dict[str, Branch] = field(default_factory=dict)
    proposals: list[Shown] = field(default_factory=list)
    refusal: str = ""
    checks_wait: bool = False
    guarded: bool | None = True
    signer: str = ""
    log: tuple[str, ...] = ()
    comments: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    dies_after: int | None = None
    count: int = 0

    def copy(self, *, dies_after: int | None = None) -> "MemoryForge":
        return replace(
            self,
            branches=dict(self.branches),
            proposals=list(self.proposals),
            comments=list(self.comments),
            writes=[],
            dies_after=dies_after,
        )

    def base(self, name: str | None) -> Base:
        raise NotImplementedError(name)

    def look(self, base: Base, prefix: str, *, wanted: Collection[str] = ()) -> Seen:
        del base, prefix, wanted
        return self.seen()

    def seen(self) -> Seen:
        return Seen(dict(self.branches), tuple(self.proposals), guarded=self.guarded)

    def subjects(self, base: Base) -> tuple[str, ...]:
        del base
        return self.log

    def _write(self, what: str) -> None:
        if self.dies_after is not None and len(self.writes) >= self.dies_after:
            raise Killed(what)
        self.writes.append(what)

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        self._write("push")
        there = self.branches.get(proposal.branch)
        if (there.head if there else None) != expected:
            self._moved()
        self.count += 1
        head = f"{self.count:040x}"
        self.branches[proposal.branch] = Branch(head, ours=True, digest=proposal.digest)
        return head

    def open(self, content: Content) -> Shown:
        self._write("open")
        known = (one for one in self.proposals if one.branch == content.branch)
        taken = next((one for one in known if one.state == "open"), None)
        if taken:
            return taken
        number = str(len(self.proposals) + 1)
        shown = Shown(number, content.branch, "open", "", "", url=f"https://x.example/{number}")
        self.proposals.insert(0, _with(shown, content))
        return self.proposals[0]

    def edit(self, shown: Shown, content: Content) -> None:
        self._write("edit")
        at = self._at(shown)
        self.proposals[at] = _with(self.proposals[at], content)

    def close(self, shown: Shown, body: str) -> None:
        self._write("close")
        at = self._at(shown)
        self.proposals[at] = replace(self.proposals[at], body=body, state="closed")

    def comment(self, shown: Shown, text: str) -> None:
        self._write("comment")
        self._at(shown)
        self.comments.append(text)

    def delete_branch(self, branch: str, *, expected: str) -> None:
        self._write("delete")
        if self.branches[branch].head != expected:
            self._moved()
        del self.branches[branch]

    def merge_when_ready(self, shown: Shown, method: str) -> str:
        self._write(f"merge {method}")
        at = self._at(shown)
        if self.refusal and not self.proposals[at].merges_itself:
            return self.refusal
        self.proposals[at] = replace(self.proposals[at], merges_itself=True)
        return ""

    def _at(self, shown: Shown) -> int:
        return next(at for at, one in enumerate(self.proposals) if one.id == shown.id)

    def _moved(self) -> NoReturn:
        raise UpstreamError("the branch was moved by somebody else.")


def _with(shown: Shown, content: Content) -> Shown:
    return replace(
        shown,
        title=content.title,
        body=content.body,
        labels=content.labels,
        draft=content.draft,
    )
