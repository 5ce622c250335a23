"""A pull request on real git: a repository whose plans are in place, and a branch from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs import LLAMA_2_70B, LLAMA_3_1_8B
from gitting import Repo

from replanner.forge.git import Git
from replanner.forge.trees import LocalTree, tree_at
from replanner.hub.folder import FolderHub, LocalHub, commit_model
from replanner.hub.router import RoutedHub
from replanner.replan.apply import apply
from replanner.replan.pairs import Side
from replanner.replan.repository import read_repository
from replanner.replan.review import ReviewFacts, review
from replanner.report.review import Review, Reviewed
from replanner.resolve import Hub

SMALL, LARGE = LLAMA_3_1_8B, LLAMA_2_70B
LLAMA, OTHER = "acme/llama", "acme/other"
CHAT = "profiles/chat.yaml"
CONFIG = ".github/replanner.yaml"

Content = Mapping[str, str | bytes | None]


def profile(
    model: str = LLAMA, more: str = "", length: int | None = None, **hardware: object
) -> str:
    values = {"gpu_name": "H100", **hardware}
    lines = "".join(f"  {key}: {value}\n" for key, value in values.items())
    long = f"  max_model_len: {length}\n" if length else ""
    return f"profile_version: 1\nmodel:\n  id: {model}\n{long}hardware:\n{lines}{more}"


@dataclass(frozen=True)
class World:
    repo: Repo
    hub_dir: Path

    @classmethod
    def new(cls, root: Path) -> "World":
        made = cls(Repo.new(root / "repo"), root / "hub")
        made.hub_dir.mkdir()
        made.model()
        made.model(SMALL, OTHER)
        made.repo.commit({"README.md": "hello\n"})
        return made

    def model(
        self, config: Mapping[str, object] = SMALL, model_id: str = LLAMA, **files: bytes
    ) -> str:
        content = {"config.json": json.dumps(config).encode(), **files}
        return commit_model(self.hub_dir, model_id, content)

    def base(self, files: Content, *, planned: bool = True) -> str:
        """Commit to main; with the plans of all its profiles, unless they are not kept."""
        commit = self.repo.commit(files)
        return self.repo.commit(self.artifacts(commit)) if planned else commit

    def artifacts(self, commit: str) -> dict[str, bytes | None]:
        done = apply(read_repository(self.tree(commit)), self.hub(commit))
        return {path: blob and blob.data for path, blob in done.files.items()}

    def pull(self, files: Content, *, planned: bool = False) -> str:
        """A branch with one commit on main; with the artifacts that belong to it, if asked for."""
        self.repo.git("checkout", "-q", "-B", "topic", "main")
        commit = self.repo.commit(files)
        if planned:
            commit = self.repo.commit(self.artifacts(commit))
        self.repo.git("checkout", "-q", "main")
        return commit

    def tree(self, commit: str) -> LocalTree:
        return tree_at(Git.at(self.repo.root), commit)

    def hub(self, commit: str) -> Hub:
        """Ids from the local hub, folders from a checkout of the commit."""
        folder = self.repo.root.parent / f"at-{commit[:12]}"
        if not folder.exists():
            self.repo.git("worktree", "add", "-q", "--detach", str(folder), commit)
        local = LocalHub(self.hub_dir)
        return RoutedHub(FolderHub(folder, confined=True), lambda: local)

    def review(self, *, hub: Hub | None = None, **facts: Any) -> Review:
        """The topic against main."""
        base, head = (self.repo.git("rev-parse", name) for name in ("main", "topic"))
        sides = [Side(self.tree(one), hub or self.hub(one)) for one in (head, base)]
        return review(*sides, facts=ReviewFacts("main", base, head, **facts))

    def changed(self) -> frozenset[str]:
        """What a forge says that the pull request changes."""
        return frozenset(self.repo.git("diff", "--name-only", "main", "topic").splitlines())


def of(result: Review, path: str = CHAT) -> Reviewed:
    (found,) = [one for one in result.profiles if one.path == path]
    return found
