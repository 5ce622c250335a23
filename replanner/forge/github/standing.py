"""Asks whether a branch still stands where it stood, which costs nothing while it does."""

from typing import NamedTuple
from urllib.parse import quote

from replanner.forge.github.retries import json_of
from replanner.forge.github.session import Session, Tagged

# With this type the answer is the commit, and so is its ETag: docs.github.com, "Get a commit". No
# other token, and no App's token of the next hour, makes it another one.
_COMMIT_ONLY = "application/vnd.github.sha"


class Standing(NamedTuple):
    """Where a branch stood, and the ETag of the answer that said so, if one was kept."""

    branch: str
    commit: str
    etag: str = ""


def stands(session: Session, stood: Standing) -> Standing | None:
    """The same, with the ETag to ask with the next time; None where the branch has moved."""
    found = session.newer(
        f"commits/{quote(f'heads/{stood.branch}', safe='')}",
        etag=stood.etag or f'"{stood.commit}"',
        accept=_COMMIT_ONLY,
        doing="look whether a branch moved",
    )
    if found is None:
        return stood
    return stood._replace(etag=found.etag) if _commit(found) == stood.commit else None


def _commit(answer: Tagged) -> str:
    """Some servers tell all of the commit, whatever type was asked for."""
    told = json_of(answer.text)
    return str(told.get("sha")) if isinstance(told, dict) else answer.text.strip()
