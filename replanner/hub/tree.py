"""Models that lie in the repository itself: `model.id` as a folder of one commit. Nothing is read
from the disk, and nothing outside the repository."""

import posixpath
import re
from dataclasses import dataclass, field

from replanner.errors import InputError, ModelNotFound, UnsupportedModel
from replanner.hub.disk import WEIGHTS, git_digest
from replanner.hub.look import OneLook
from replanner.hub.shelf import assemble
from replanner.planning.model_files import ModelFiles, UpstreamFile, matters
from replanner.planning.request import is_folder
from replanner.replan.ports import Tree

# git-lfs, docs/spec.md: what stands in git in the place of a large file.
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-.*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,15})\n?"
)
_LONGEST_POINTER = 1024


@dataclass(eq=False)
class TreeHub(OneLook):
    """Folders of one commit; a folder has no revisions of its own."""

    tree: Tree

    def _resolve(self, model_id: str, revision: str) -> str | None:
        del model_id, revision
        return None

    def _read(self, model_id: str, commit: str | None) -> ModelFiles:
        del commit
        shelf = _TreeShelf(self.tree, _folder(model_id))
        if not shelf.names:
            raise ModelNotFound(f"model.id {model_id!r}: the commit has no such folder")
        return assemble(model_id, None, shelf)


def _folder(model_id: str) -> str:
    """The folder as the tree names it, with a slash at its end; empty for the root."""
    if not is_folder(model_id):
        raise InputError(f"{model_id[:100]!r} is no folder: it starts with ./ or ../")
    path = posixpath.normpath(model_id)
    if path.startswith("/") or path.split("/")[0] == "..":
        raise InputError(f"model.id {model_id[:100]!r} leaves the repository")
    return "" if path == "." else f"{path}/"


@dataclass(eq=False)
class _TreeShelf:
    tree: Tree
    folder: str
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        start = len(self.folder)
        below = (path[start:] for path in self.tree.paths() if path.startswith(self.folder))
        self.names = tuple(sorted(name for name in below if matters(name)))

    def listing(self) -> tuple[UpstreamFile, ...]:
        self.tree.expect(self.folder + name for name in self.names)
        return tuple(map(self._described, self.names))

    def read(self, path: str, limit: int) -> bytes:
        data = self.tree.read(self.folder + path)
        if _large(data):
            raise UnsupportedModel(
                f"{self.folder}{path} is kept by git-lfs, whose files are not read",
                hint="Commit the file itself; of weights, model.safetensors.index.json is enough.",
            )
        return data[:limit]

    def _described(self, name: str) -> UpstreamFile:
        """As the same folder on disk, so that a laptop and a server come to the same plan."""
        data = self.tree.read(self.folder + name)
        large = _large(data)
        size = int(large[2]) if large else len(data)
        if name.endswith(WEIGHTS):
            return UpstreamFile(name, f"size:{size}", size)
        return UpstreamFile(
            name, f"sha256:{large[1].decode()}" if large else git_digest(data), size
        )


def _large(data: bytes) -> re.Match[bytes] | None:
    return _POINTER.fullmatch(data) if len(data) <= _LONGEST_POINTER else None
