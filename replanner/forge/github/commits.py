"""Makes commits over the API, without git: files into a tree, the tree into a commit."""

import base64
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from replanner.forge.files import Listing, check_path
from replanner.forge.github.session import Answer, Session
from replanner.propose import Blob, Files

# More entries in one request time out: peter-evans/create-pull-request sends as many at once.
_ENTRIES: Final = 100
# What goes into a tree as text; the rest is sent as a blob of its own.
_INLINE_BYTES: Final = 64 * 1024


class _Sha(Answer):
    sha: str


class _Rooted(Answer):
    tree: _Sha


def write_commit(
    session: Session, files: Files, *, parent: str, tree: Listing, message: str
) -> str:
    """The files put on `parent`, whose files are `tree`: the new commit, or `parent` itself where
    nothing differs. No branch points at it yet.

    It names no author and no committer: only so GitHub signs it for a bot.
    """
    for path, blob in sorted(files.items()):
        check_path(tree, path, blob)
    before = session.get(_Rooted, f"git/commits/{parent}", doing="read a commit").tree.sha
    after = _write_tree(session, before, _entries(session, files, tree))
    if after == before:
        return parent
    body = {"message": message, "tree": after, "parents": [parent]}
    return _made(session, "git/commits", body, doing="write a commit")


def _write_tree(session: Session, base: str, entries: Iterator[Mapping[str, object]]) -> str:
    while some := list(islice(entries, _ENTRIES)):
        body = {"base_tree": base, "tree": some}
        base = _made(session, "git/trees", body, doing="write files")
    return base


def _entries(session: Session, files: Files, tree: Listing) -> Iterator[Mapping[str, object]]:
    for path, blob in sorted(files.items()):
        # GitHub refuses to delete what is not there.
        if blob or path in tree.entries:
            yield {"path": path, "type": "blob", **_content(session, blob)}


def _content(session: Session, blob: Blob | None) -> Mapping[str, object]:
    if blob is None:
        return {"mode": "100644", "sha": None}
    mode, text = "100755" if blob.executable else "100644", _text(blob.data)
    if text is not None:
        return {"mode": mode, "content": text}
    body = {"content": base64.b64encode(blob.data).decode(), "encoding": "base64"}
    return {"mode": mode, "sha": _made(session, "git/blobs", body, doing="write a file")}


def _text(data: bytes) -> str | None:
    """The data as a text that will come back as the same bytes, where it is one."""
    try:
        return data.decode() if len(data) <= _INLINE_BYTES and b"\0" not in data else None
    except UnicodeDecodeError:
        return None


def _made(session: Session, path: str, body: object, *, doing: str) -> str:
    return session.checked(_Sha, session.rest("POST", path, doing=doing, body=body)).sha
