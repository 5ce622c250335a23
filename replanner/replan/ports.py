"""The doors to the world beside the Hub: files of one commit, and a forge that takes proposals."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from replanner.propose import Content, Proposal, Seen, Shown


class Tree(Protocol):
    """Files of one commit, or of a working tree; paths are relative, with `/`."""

    def paths(self) -> Collection[str]:
        """Every plain file: no links, no submodules."""
        ...

    def read(self, path: str) -> bytes:
        """A file's content; InputError where it is missing, no plain file or too large."""
        ...


@dataclass(frozen=True, slots=True)
class Base:
    """The branch that proposals are for, at one commit."""

    name: str
    commit: str
    tree: Tree


class Forge(Protocol):
    """Where proposals go. Adapters only carry out steps; no lifecycle rule lives in them."""

    def base(self, name: str | None) -> Base:
        """The branch to propose to; None: the default one."""
        ...

    def look(self, base: Base, prefix: str) -> Seen:
        """The branches below `prefix`, and the pull requests from them into the base."""
        ...

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        """One commit on the base, and the branch moved to it from `expected`; the new head."""
        ...

    def open(self, content: Content) -> None: ...

    def edit(self, shown: Shown, content: Content) -> None: ...

    def close(self, shown: Shown, body: str) -> None: ...

    def delete_branch(self, branch: str, *, expected: str) -> None: ...
