"""Runs git on one repository so that nobody's configuration, hooks or environment take part."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from replanner.errors import InputError

# One user's settings must not change what is written or run: signing, hooks, filters, aliases.
# The rest is for the repository's own configuration, which may come from anybody.
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
# The owner check guards against hooks and helpers of other people's repositories; none runs here,
# and without it a repository mounted into a container could not be read.
_SETTINGS = (
    "safe.directory=*",
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "commit.gpgSign=false",
    "gc.auto=0",
    # How commits are written and read back: another encoding or trailer syntax, or what gpg prints
    # about a signature, would hide that a commit is ours.
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
    "trailer.separators=:",
    "core.commentChar=#",
)


class GitError(InputError):
    """git said no; the adapter puts into better words what it expects."""

    def __init__(self, command: str, stderr: str) -> None:
        super().__init__(f"git {command} failed: {stderr[:300] or 'it does not say why'}")
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Git:
    """git in one repository. `common_dir` is shared by all its working trees."""

    root: Path
    common_dir: Path
    executable: str = field(repr=False)

    @classmethod
    def at(cls, root: Path) -> "Git":
        """The repository whose root is this folder; InputError where there is none."""
        executable = shutil.which("git")
        if executable is None:
            raise InputError("git is not on PATH.", hint="Install git, or use another forge.")
        probe = cls(root, root, executable)
        try:
            common = probe.text("rev-parse", "--path-format=absolute", "--git-common-dir")
            inside = probe.text("rev-parse", "--show-prefix")
        except (GitError, OSError):
            hint = "Name another folder with --repo, or `git init` it."
            raise InputError(f"{str(root)!r} is no git repository.", hint=hint) from None
        if inside:
            raise InputError(
                f"{str(root)!r} is inside a git repository, not its root.",
                hint="Name the repository's root with --repo.",
            )
        return cls(root, Path(common), executable)

    def run(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> bytes:
        """What git prints; GitError where it fails."""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        done = subprocess.run(  # noqa: S603 - a list, no shell; arguments are refs and plumbing
            [self.executable, "-C", str(self.root), *settings, *arguments],
            input=stdin,
            capture_output=True,
            env={**_ENVIRONMENT, **(env or {})},
            check=False,
        )
        if done.returncode:
            raise GitError(arguments[0], done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    def text(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> str:
        """One answer, without its newline."""
        return self.run(*arguments, stdin=stdin, env=env).decode("utf-8", "surrogateescape").strip()

    def says(self, *arguments: str) -> bool:
        """Whether git answers yes."""
        try:
            self.run(*arguments)
        except GitError:
            return False
        return True

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or id stands for."""
        if revision.startswith("-") or "\0" in revision:
            return None
        try:
            return self.text("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", "--")[
                :64
            ]
        except GitError:
            return None
