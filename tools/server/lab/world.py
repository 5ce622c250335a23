"""What the server works on: repositories on an emulated GitHub, models on a Hub, and people who
change both all the time. Whatever is done here is remembered, so that it can be told once more."""

import json
import random
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from configs import LLAMA_3_1_8B
from emulated import GitHub, emulated
from peers import peer, running
from sending import fetch
from stories import profile

from lab import deliveries
from lab.relay import COUNTS
from lab.stores import Absent
from lab.wire import Delivery

OWNER, WRITER, STRANGER = "acme-bot", "ada", "outsider"
_RELAY = Path(__file__).with_name("relay.py")
# 5,000 calls an hour each.
_SERVER_TOKENS = [f"ghp_server_{number}" for number in range(20)]
_PEOPLE_TOKENS = [f"ghp_ada_{number}" for number in range(10)]
_STRANGER_TOKEN = "ghp_outsider"  # noqa: S105 - of an emulator
_PATIENCE_S = 60.0
# What people propose to change is another file than those that are pushed to the base.
PUSHED, PROPOSED = ("chat", "code"), "long"


class Fact(NamedTuple):
    """Something that happened: an event of GitHub's with its payload, or a model's new commit."""

    event: str
    payload: dict[str, object]

    def told(self, url: str, number: int) -> Delivery:
        """As a delivery of its own, however often it was told before."""
        if self.event == "model":
            model, commit = str(self.payload["model"]), str(self.payload["commit"])
            return deliveries.model_moved(url, model, commit, number)
        return deliveries.github(url, self.event, self.payload, number)


@dataclass
class Repository:
    """A repository with three profiles of two models, and people's pull requests in it. Sizes only
    grow, so that no change takes another one back."""

    github: GitHub
    models: tuple[str, str]
    sizes: dict[str, int] = field(default_factory=dict)
    pulls: dict[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.github.repository

    def followed(self) -> dict[str, str]:
        """The model of each profile."""
        first, second = self.models
        return {"chat": first, "code": second, PROPOSED: first}

    def resized(self, key: str, of: str) -> dict[str, str]:
        # A branch starts with another size than the base, or it would propose nothing.
        self.sizes[key] = self.sizes.get(key, 8 if key == of else 16) + 1
        return {path(of): profile(self.followed()[of], concurrency=self.sizes[key])}


class Command(NamedTuple):
    """What somebody asked for below a pull request."""

    repository: Repository
    pull: int
    comment: int
    by: str


@dataclass
class World:
    """`chance` decides what happens next."""

    github: GitHub
    hub: str
    relay: str
    chance: random.Random
    repositories: list[Repository]
    heads: dict[str, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    known: dict[str, Fact] = field(default_factory=dict)
    own_violations: int = 0

    # --- what happens

    def begin(self, pulls: int) -> None:
        """Every repository has its profiles, and that many pull requests."""
        for model in sorted({model for one in self.repositories for model in one.models}):
            self.model_moves(model)
        for one in self.repositories:
            files: dict[str, str] = {}
            for name in one.followed():
                files |= one.resized(name, name)
            self._pushed(one, one.github.push(files), "0" * 40)
            for number in range(pulls):
                self.pull_opens(one, f"topic-{number}")
        self.own_violations = len(self.github.violations())

    def something_happens(self) -> Fact:
        """One thing, by chance."""
        one = self.chance.choice(self.repositories)
        kind = self.chance.random()
        if kind < 0.4:  # noqa: PLR2004 - shares
            return self.model_moves(self.chance.choice(sorted(self.heads)))
        if kind < 0.6:  # noqa: PLR2004
            return self.base_is_pushed(one)
        if kind < 0.8:  # noqa: PLR2004
            return self.pull_is_pushed(one, self.chance.choice(sorted(one.pulls)))
        asked = "/replan long" if kind < 0.95 else "I like it."  # noqa: PLR2004
        by = STRANGER if kind < 0.83 else WRITER  # noqa: PLR2004
        return self.somebody_comments(one, self.chance.choice(sorted(one.pulls)), asked, by)

    def model_moves(self, model: str) -> Fact:
        """A new commit, which changes what fits."""
        now = {**LLAMA_3_1_8B, "max_position_embeddings": 4096 + self.chance.randrange(1 << 16)}
        files = {"config.json": json.dumps(now)}
        body = json.dumps({"model": model, "files": files}).encode()
        made = fetch(urllib.request.Request(f"{self.hub}/_tools/commit", body), _PATIENCE_S).body  # noqa: S310 - loopback
        self.heads[model] = str(made["sha"])
        return self._known(model, Fact("model", {"model": model, "commit": self.heads[model]}))

    def base_is_pushed(self, one: Repository) -> Fact:
        name = self.chance.choice(PUSHED)
        before = one.github.head()
        return self._pushed(one, one.github.push(one.resized(name, name)), before)

    def pull_opens(self, one: Repository, branch: str) -> Fact:
        one.github.push(one.resized(branch, PROPOSED), branch=branch, start="main")
        number = one.github.open_pull(branch)
        one.pulls[number] = branch
        return self._pulled(one, number, "opened")

    def pull_is_pushed(self, one: Repository, number: int) -> Fact:
        branch = one.pulls[number]
        one.github.push(one.resized(branch, PROPOSED), branch=branch)
        return self._pulled(one, number, "synchronize")

    def somebody_comments(self, one: Repository, number: int, text: str, by: str) -> Fact:
        token = one.github.token if by == WRITER else _STRANGER_TOKEN
        at = f"/repos/{one.name}/issues/{number}/comments"
        made = self.github.api("POST", at, {"body": text}, token=token)
        if text.startswith("/"):
            self.commands.append(Command(one, number, int(made["id"]), by))
        payload: dict[str, object] = {
            "action": "created",
            "issue": {"number": number, "pull_request": {}, "user": {"login": WRITER}, "body": ""},
            "comment": {"id": made["id"], "body": text, "user": made["user"]},
            "repository": _about(one),
            "sender": made["user"],
        }
        return self._known(f"{one.name} comment {made['id']}", Fact("issue_comment", payload))

    def told_again(self) -> Fact:
        """Something that is known already, as other webhooks and impatient senders tell it."""
        return self.known[self.chance.choice(sorted(self.known))]

    # --- what is remembered of it

    def _pushed(self, one: Repository, after: str, before: str) -> Fact:
        payload = deliveries.push(one.name, "main", before, after)
        return self._known(f"{one.name} push", Fact("push", payload))

    def _pulled(self, one: Repository, number: int, action: str) -> Fact:
        pull = one.github.pull(number)
        payload = {
            "action": action,
            "number": number,
            "pull_request": pull,
            "repository": _about(one),
            "sender": pull["user"],
        }
        return self._known(f"{one.name} pull {number}", Fact("pull_request", payload))

    def _known(self, key: str, fact: Fact) -> Fact:
        self.known[key] = fact
        return fact

    # --- what the server asked of GitHub

    def violations(self) -> list[str]:
        """What GitHub's own description has against its requests; people's were made before."""
        return self.github.violations()[self.own_violations :]

    def calls(self) -> dict[str, int]:
        found = fetch(f"{self.relay}{COUNTS}").body
        return {name: int(str(number)) for name, number in sorted(found.items())}


def path(name: str) -> str:
    return f"profiles/{name}.yaml"


@contextmanager
def world(folder: Path, seed: int, *, repositories: int, models: int) -> Iterator[World]:
    """A world of that size; Absent where a peer is not on this machine."""
    names = [f"{OWNER}/infra-{number}" for number in range(repositories)]
    ids = [f"acme/model-{number}" for number in range(models)]
    try:
        hub = peer("hub-server")
        peer("github-emulator", needs=("github/openapi.json",))
    except pytest.skip.Exception as why:
        raise Absent(str(why)) from None
    for model in ids:
        _make_model(hub, folder, model)
    with (
        emulated(_seed(folder, names)) as github,
        running(hub, folder / "models") as hub_url,
        _relayed(github.url) as relay,
    ):
        made = [_repository(github, names, number, ids) for number in range(repositories)]
        # Reproducible, and no secret.
        chance = random.Random(seed)  # noqa: S311
        yield World(github, hub_url, relay, chance, made)


def settings_of(told: World) -> Sequence[str]:
    """What the server's settings say about this world."""
    names = ", ".join(one.name for one in told.repositories)
    return (
        f"github: {{api_url: '{told.relay}', token_file: token, repositories: [{names}]}}",
        f"hub: {{endpoint: '{told.hub}'}}",
    )


def token() -> str:
    """What the server is told; the relay takes the others in turn."""
    return _SERVER_TOKENS[0]


def _repository(github: GitHub, names: Sequence[str], at: int, ids: Sequence[str]) -> Repository:
    owners = GitHub(github.url, names[at], _SERVER_TOKENS[0])
    owners.repo("PUT", f"/collaborators/{WRITER}", {"permission": "push"})
    writers = GitHub(github.url, names[at], _PEOPLE_TOKENS[at % len(_PEOPLE_TOKENS)])
    return Repository(writers, (ids[at % len(ids)], ids[(at + 1) % len(ids)]))


def _seed(folder: Path, names: Sequence[str]) -> Path:
    logins = {
        **dict.fromkeys(_SERVER_TOKENS, OWNER),
        **dict.fromkeys(_PEOPLE_TOKENS, WRITER),
        _STRANGER_TOKEN: STRANGER,
    }
    repos = [dict(zip(("owner", "name"), name.split("/"), strict=True)) for name in names]
    seed = {
        "tokens": {each: {"login": login, "scopes": ["repo"]} for each, login in logins.items()},
        "github": {
            "users": [{"login": login} for login in (OWNER, WRITER, STRANGER)],
            "repos": repos,
            # The helper that starts the emulator wants an App's key, which is not used here.
            "apps": [{"app_id": 1, "slug": "none", "name": "none", "installations": []}],
        },
    }
    file = folder / "seed.json"
    file.write_text(json.dumps(seed))
    return file


def _make_model(hub: Path, folder: Path, model: str) -> None:
    made = folder / "made"
    made.mkdir(exist_ok=True)
    (made / "config.json").write_text(json.dumps(LLAMA_3_1_8B))
    maker = hub.parent / "hub" / "make_model_repo.py"
    words = [sys.executable, maker, folder / "models", model, made]
    subprocess.run(words, check=True, capture_output=True)


@contextmanager
def _relayed(upstream: str) -> Iterator[str]:
    pipe = subprocess.PIPE
    words = [sys.executable, str(_RELAY), upstream, *_SERVER_TOKENS]
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield next(iter(process.stdout or ())).strip()
        finally:
            process.communicate()  # closes its standard input


def _about(one: Repository) -> dict[str, object]:
    return {"full_name": one.name, "default_branch": "main"}
