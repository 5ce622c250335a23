"""A repository in memory, behind the ports, and a step of a workflow that runs in it."""

import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from configs import LLAMA_3_1_8B, MIXTRAL_8X7B

from replanner.action.front import main
from replanner.errors import AccessDenied, InputError, ReplannerError
from replanner.hub.folder import LocalHub, commit_model
from replanner.hub.look import OneLook
from replanner.profile.settings import Settings
from replanner.propose import Content, Files, Proposal, Seen, Shown
from replanner.replan.ports import Base, Comment, Comparison, Note, Pull, Tree
from replanner.run.world import World

REPO = "acme/infra"
BASE, HEAD = "b" * 40, "a" * 40
SMALL, LARGE = "acme/small", "acme/large"
CHAT = "profiles/chat.yaml"


def profile(model: str = SMALL, *, gpu: str = "H100", concurrency: int = 1) -> str:
    return (
        f"profile_version: 1\nmodel:\n  id: {model}\nhardware:\n  gpu_name: {gpu}\n"
        f"workload:\n  concurrency: {concurrency}\n"
    )


@dataclass
class FakeTree:
    files: Mapping[str, str]

    def paths(self) -> Collection[str]:
        return self.files.keys()

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise InputError(f"{path}: no such file.")
        return self.files[path].encode()

    def expect(self, paths: Iterable[str]) -> None:
        del paths


@dataclass
class FakePulls:
    """What a forge shows and takes; `done` says what was written."""

    commits: dict[str, Mapping[str, str]]
    writers: tuple[str, ...] = ("octo",)
    kept: list[Comment] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    head: str = HEAD
    head_repository: str = REPO
    refuses: ReplannerError | None = None
    forked_at: str = ""

    def pull(self, number: int) -> Pull:
        return Pull(number, "open", "main", BASE, "change", self.head, self.head_repository, "octo")

    def pull_of(self, commit: str, *, repository: str) -> Pull | None:
        found = self.pull(7)
        fits = commit == found.head_commit and repository in ("", found.head_repository)
        return found if fits else None

    def pulls_at(self, commit: str) -> Sequence[Pull]:
        found = self.pull_of(commit, repository="")
        return [found] if found else []

    def compare(self, base: str, head: str) -> Comparison:
        before, after = self.commits[base], self.commits[head]
        changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
        lines = {path: frozenset(range(1, 50)) for path in changed}
        return Comparison(self.forked_at or base, lines)

    def tree(self, commit: str) -> Tree:
        return FakeTree(self.commits[commit])

    def may_write(self, login: str) -> bool:
        return login in self.writers

    def comments(self, number: int) -> Sequence[Comment]:
        del number
        return self.kept

    def add_comment(self, number: int, body: str) -> Comment:
        if self.refuses:
            raise self.refuses
        self.done.append(f"comment {number}")
        self.kept.append(Comment(len(self.kept) + 1, body, ours=True, url="https://x/1"))
        return self.kept[-1]

    def edit_comment(self, comment: Comment, body: str) -> None:
        self.done.append(f"edit {comment.id}")
        self.kept[comment.id - 1] = Comment(comment.id, body, ours=True)

    def delete_comment(self, comment: Comment) -> None:
        self.done.append(f"delete {comment.id}")

    def minimize_comment(self, comment: Comment) -> None:
        self.done.append(f"minimize {comment.id}")

    def notes(self, number: int) -> Sequence[Note]:
        del number
        return ()

    def add_notes(self, pull: Pull, notes: Sequence[Note]) -> None:
        self.done.append(f"suggest {len(notes)} in {pull.number}")

    def react(self, comment_id: int) -> None:
        self.done.append(f"react {comment_id}")

    def commit(self, pull: Pull, files: Files, *, message: str) -> str:
        assert message
        self.done.append(f"commit {pull.head}: {' '.join(sorted(files))}")
        return "c" * 40

    def remove_label(self, pull: Pull, label: str) -> None:
        self.done.append(f"unlabel {pull.number} {label}")


@dataclass
class FakeForge:
    """A forge whose branches are all new."""

    commits: Mapping[str, Mapping[str, str]]
    branches: tuple[str, ...] = ("main",)
    done: list[str] = field(default_factory=list)
    refuses: ReplannerError | None = None
    tip: str = BASE
    cannot_look: ReplannerError | None = None

    def base(self, name: str | None) -> Base:
        if self.cannot_look:
            raise self.cannot_look
        if (name or "main") not in self.branches:
            raise InputError(f"{REPO} has no branch {name!r}.")
        return Base(name or "main", self.tip, FakeTree(self.commits[self.tip]))

    def look(self, base: Base, prefix: str, *, wanted: Collection[str] = ()) -> Seen:
        del base, prefix, wanted
        return Seen(checks_wait=True)

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        assert expected is None
        self.done.append(f"push {proposal.branch}")
        return "d" * 40

    def open(self, content: Content) -> Shown:
        if self.refuses:
            raise self.refuses
        self.done.append(f"open {content.branch}")
        return Shown("12", content.branch, "open", content.title, content.body, url="https://x/12")

    def edit(self, shown: Shown, content: Content) -> None:
        self.done.append(f"edit {shown.id} {content.branch}")

    def close(self, shown: Shown, body: str) -> None:
        self.done.append(f"close {shown.id} {body}")

    def comment(self, shown: Shown, text: str) -> None:
        self.done.append(f"say {shown.id} {text}")

    def delete_branch(self, branch: str, *, expected: str) -> None:
        self.done.append(f"delete {branch} {expected}")

    def merge_when_ready(self, shown: Shown, method: str) -> str:
        self.done.append(f"merge {shown.id} {method}")
        return ""

    def subjects(self, base: Base) -> tuple[str, ...]:
        del base
        return ()


@dataclass
class Stage:
    """One workflow's surroundings. `tokens` says, for each hub that was opened, whether with its
    token; `models` may be replaced to let the Hub fail."""

    folder: Path
    base: dict[str, str]
    head: dict[str, str]
    tokens: list[tuple[str, bool]] = field(default_factory=list)
    error: ReplannerError | None = None
    output: dict[str, str] = field(default_factory=dict)
    log: str = ""

    def __post_init__(self) -> None:
        commits: dict[str, Mapping[str, str]] = {BASE: self.base, HEAD: self.head}
        self.pulls, self.forge = FakePulls(commits), FakeForge(commits)
        for model, config in ((SMALL, LLAMA_3_1_8B), (LARGE, MIXTRAL_8X7B)):
            commit_model(self.folder / "hub", model, {"config.json": json.dumps(config).encode()})

    @contextmanager
    def connect(self, settings: Settings, repository: str, bundle: Path | None) -> Iterator[World]:
        assert repository == REPO
        assert bundle is None
        if self.error:
            raise self.error
        assert settings
        yield World(self.pulls, self.forge, self._models, signs=lambda: True)

    def _models(self, settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - the port
        self.tokens.append((settings.hf_endpoint, with_token))
        return LocalHub(self.folder / "hub")

    def run(self, event: str, payload: Mapping[str, Any], **inputs: str) -> int:
        """The exit code; outputs, log and summary are read afterwards."""
        (self.folder / "event.json").write_text(json.dumps(payload))
        (self.folder / "output").write_text("")
        (self.folder / "summary.md").write_text("")
        env = {
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_REPOSITORY": REPO,
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_RUN_ID": "700",
            "INPUT_TOKEN": "ghs_token",
            **{f"INPUT_{name.upper().replace('_', '-')}": text for name, text in inputs.items()},
        }
        log = io.StringIO()
        code = main(env, log, connect=self.connect)
        self.log = log.getvalue()
        self.output = _read((self.folder / "output").read_text())
        return code

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text()

    @property
    def done(self) -> list[str]:
        return [*self.pulls.done, *self.forge.done]


def _read(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, fence = line.partition("<<")
        block = []
        while (inner := next(lines)) != fence:
            block.append(inner)
        found[name] = "\n".join(block)
    return found


COMMON = {
    "repository": {"full_name": REPO, "default_branch": "main"},
    "sender": {"login": "octo"},
}


def pull_event(action: str = "opened", **more: Any) -> dict[str, Any]:
    repo = more.pop("head_repository", REPO)
    pull = {
        "number": 7,
        "user": {"login": "octo"},
        "base": {"ref": "main", "sha": BASE},
        "head": {"ref": "change", "sha": HEAD, "repo": {"full_name": repo}},
    }
    return {**COMMON, "action": action, "pull_request": pull, **more}


DENIED = AccessDenied("this token may not comment.", hint="It needs pull-requests: write.")
