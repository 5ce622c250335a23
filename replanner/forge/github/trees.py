"""Files of one commit, read over the API: one call for the listing, one for a hundred files."""

import base64
import binascii
import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import RootModel

from replanner.errors import InputError, ReplannerError, UpstreamError
from replanner.forge.files import Entry, entry_at, is_plain
from replanner.forge.github.refusals import Refused
from replanner.forge.github.session import Answer, Session

_BATCH = 80
# Blob.text is cut off beyond half a megabyte; the whole answer should stay one that arrives.
_TEXT_FILE = 256 * 1024
_BATCH_BYTES = 2 * 1024**2
# A listing holds 100,000 entries at most; a larger tree is read folder by folder.
_MOST_LISTINGS = 300
_DEEP = {"recursive": "1"}
_FOLDER = "040000"


class _Listed(Answer):
    path: str
    mode: str
    sha: str
    size: int = 0


class _Listing(Answer):
    tree: list[_Listed]
    truncated: bool = False


class _Blob(Answer):
    content: str
    encoding: str


class _Text(Answer):
    oid: str = ""
    text: str | None = None
    isTruncated: bool = False  # noqa: N815 - GraphQL's own name


class _Texts(Answer):
    repository: RootModel[dict[str, _Text | None]]


@dataclass(eq=False)
class GitHubTree:
    """A commit's files. `others` are its links and submodules, which are never read."""

    session: Session
    commit: str
    entries: dict[str, Entry] = field(default_factory=dict, init=False, repr=False)
    others: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        for path, listed in _walk(self.session, self.commit):
            if is_plain(listed.mode, path):
                self.entries[path] = Entry(listed.mode, listed.sha, listed.size)
            else:
                self.others.add(path)

    def paths(self) -> Collection[str]:
        return self.entries.keys()

    def read(self, path: str) -> bytes:
        entry = entry_at(path, self.entries, commit=self.commit)
        if entry.id not in self.session.blobs:
            self._remember(path, self._blob(path, entry))
        return self.session.blobs[entry.id]

    def expect(self, paths: Iterable[str]) -> None:
        """Fetch the texts among them a batch at a time. What fails here is asked for again, and
        then told, when it is read."""
        wanted = {
            entry.id: path
            for path in paths
            if (entry := self.entries.get(path))
            and entry.size <= _TEXT_FILE
            and entry.id not in self.session.blobs
        }
        if self.session.anonymous or self.session.room_bytes < 0:
            return
        with suppress(ReplannerError):
            for batch in self._batches(wanted.values()):
                with suppress(Refused):  # one file's failure fails its batch; the others may do
                    self._fetch(batch)

    def _batches(self, paths: Iterable[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        room = _BATCH_BYTES
        for path in paths:
            batch.append(path)
            room -= self.entries[path].size
            if len(batch) == _BATCH or room <= 0:
                yield batch
                batch, room = [], _BATCH_BYTES
        if batch:
            yield batch

    def _fetch(self, paths: Sequence[str]) -> None:
        names = [f"f{number}" for number in range(len(paths))]
        parameters = "".join(f", ${name}: String!" for name in names)
        fields = "".join(
            f" {name}: object(expression: ${name}) {{ ... on Blob {{ oid text isTruncated }} }}"
            for name in names
        )
        query = (
            f"query($owner: String!, $name: String!{parameters})"
            f" {{ repository(owner: $owner, name: $name) {{{fields} }} }}"
        )
        which = {name: f"{self.commit}:{path}" for name, path in zip(names, paths, strict=True)}
        variables = {**self.session.owner_and_name(), **which}
        answer = self.session.graphql(_Texts, query, variables, doing="read files")
        for name, path in zip(names, paths, strict=True):
            self._keep(path, answer.repository.root.get(name))

    def _keep(self, path: str, text: _Text | None) -> None:
        """Only what has the blob's own digest: a text that was decoded wrongly, cut off or had its
        line ends changed is left for `read`."""
        if text is None or text.text is None or text.isTruncated:
            return
        data, id_ = text.text.encode("utf-8", "surrogatepass"), self.entries[path].id
        if git_id(data) == id_:
            self._remember(path, data)

    def _remember(self, path: str, data: bytes) -> None:
        """Keep it; InputError where that would be more than fits into a runner's memory."""
        self.session.room_bytes -= len(data)
        if self.session.room_bytes < 0:
            raise InputError(
                f"{path}: this run has read as many files as it may.",
                hint="Keep weights out of the repository, or narrow the globs of profiles.",
            )
        self.session.blobs[self.entries[path].id] = data

    def _blob(self, path: str, entry: Entry) -> bytes:
        blob = self.session.get(_Blob, f"git/blobs/{entry.id}", doing=f"read {path}")
        try:
            data = base64.b64decode(blob.content)
        except (binascii.Error, ValueError):
            data = b""
        if git_id(data) != entry.id:
            raise UpstreamError(
                f"{path} arrived damaged.", hint="Check proxies on the way, then try again."
            )
        return data


def git_id(data: bytes) -> str:
    """The name that git gives these bytes as a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _walk(session: Session, commit: str) -> Iterator[tuple[str, _Listed]]:
    """Everything but folders, by its whole path."""
    room = _MOST_LISTINGS
    folders = [("", commit)]
    while folders:
        prefix, tree = folders.pop()
        listing, deep = _listing(session, tree, _DEEP), True
        if listing.truncated:
            listing, deep = _listing(session, tree, {}), False
        room -= 1
        if listing.truncated or room < 0:
            raise InputError(f"commit {commit[:7]} holds too many files to be listed.")
        for listed in listing.tree:
            if listed.mode != _FOLDER:
                yield prefix + listed.path, listed
            elif not deep:
                folders.append((f"{prefix}{listed.path}/", listed.sha))


def _listing(session: Session, tree: str, query: dict[str, str]) -> _Listing:
    doing = "list the files"
    try:
        # A branch's name, where a workflow gives one, may hold # or %.
        return session.get(_Listing, f"git/trees/{quote(tree)}", doing=doing, query=query)
    except Refused as error:
        if error.mentions("empty"):  # 409
            raise InputError(f"{session.repository} has no commits yet.") from None
        raise
