"""A git repository for tests, made with the real git and nobody's configuration."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@dataclass(frozen=True)
class Repo:
    root: Path

    @classmethod
    def new(cls, root: Path, *options: str) -> "Repo":
        root.mkdir(parents=True, exist_ok=True)
        repo = cls(root)
        repo.git("init", "-q", "-b", "main", *options)
        return repo

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env=_ENV,
            check=True,
            capture_output=True,
        )
        return done.stdout.decode().strip()

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        for path, text in files.items():
            file = self.root / path
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "change") -> str:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def snapshot(self) -> dict[str, object]:
        """Everything of a user's that nothing of ours may move."""
        index = self.root / ".git" / "index"
        files = [one for one in self.root.rglob("*") if ".git" not in one.parts and one.is_file()]
        return {
            "head": (self.root / ".git" / "HEAD").read_text(),
            "at": self.git("rev-parse", "HEAD"),
            "index": index.read_bytes() if index.exists() else None,
            "files": {str(one): one.read_bytes() for one in sorted(files)},
        }
