"""Moves branches by compare-and-swap: nobody's commit is lost, whoever else is at work."""

from urllib.parse import quote

from replanner.errors import RateLimited, UpstreamError
from replanner.forge.github.refusals import NotThere, Refused
from replanner.forge.github.session import Answer, Session

_NOTHING = "0" * 40  # in updateRefs: must not exist, or shall not exist any more


class _Object(Answer):
    sha: str


class Ref(Answer):
    ref: str
    object: _Object


class Moved(UpstreamError):
    """Somebody else moved the branch; it is at `head` now, None where it is gone."""

    def __init__(self, branch: str, head: str | None) -> None:
        super().__init__(
            f"{branch} was moved by somebody else while this run was at work.",
            hint="Nothing was overwritten; run again.",
        )
        self.head = head


def head_of(session: Session, branch: str) -> str | None:
    """The commit that a branch is at."""
    try:
        return session.get(Ref, _path("git/ref", branch), doing="look at a branch").object.sha
    except NotThere:
        return None


def move(session: Session, branch: str, commit: str | None, *, expected: str | None) -> None:
    """Point the branch at the commit (None: delete it) if it still is at `expected` (None: if it
    does not exist). `Moved` where it is not; nothing is changed then."""
    try:
        _swap(session, branch, commit, expected=expected)
    except RateLimited:
        raise
    except (Refused, UpstreamError) as error:
        # It may have been done all the same: an answer can be lost.
        now = head_of(session, branch)
        if now == commit:
            return
        if now != expected:
            raise Moved(branch, now) from None
        if not isinstance(error, Refused) or not error.mentions("UpdateRefsInput"):
            raise
        _old_way(session, branch, commit, expected=expected)


def _swap(session: Session, branch: str, commit: str | None, *, expected: str | None) -> None:
    update = {
        "name": f"refs/heads/{branch}",
        "beforeOid": expected or _NOTHING,
        "afterOid": commit or _NOTHING,
        "force": True,
    }
    given = {"repositoryId": session.repository_id, "refUpdates": [update]}
    session.mutate("updateRefs", given, doing=f"move the branch {branch}")


def _old_way(session: Session, branch: str, commit: str | None, *, expected: str | None) -> None:
    """For Enterprise Servers whose schema has no updateRefs: the branch was read a moment ago, and
    creating one is refused where it exists."""
    doing, path = f"move the branch {branch}", _path("git/refs", branch)
    try:
        if commit is None:
            session.rest("DELETE", path, doing=doing)
        elif expected is None:
            made = {"ref": f"refs/heads/{branch}", "sha": commit}
            session.rest("POST", "git/refs", doing=doing, body=made)
        else:
            session.rest("PATCH", path, doing=doing, body={"sha": commit, "force": True})
    except (Refused, UpstreamError):
        now = head_of(session, branch)
        if now not in (commit, expected):
            raise Moved(branch, now) from None
        if now != commit:
            raise


def _path(kind: str, branch: str) -> str:
    return f"{kind}/heads/{quote(branch)}"
