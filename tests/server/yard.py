"""Repositories in memory behind the gate, with a Hub and a registry, and work that knows them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from check_book import CheckBook
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B
from staged import BASE, CHAT, HEAD, LARGE, REPO, SMALL, FakeForge, FakePulls, profile

from replanner.errors import InputError, ReplannerError
from replanner.event import Event, PullFacts
from replanner.hub.folder import LocalHub, commit_model
from replanner.hub.look import OneLook
from replanner.profile.settings import Settings
from replanner.propose import Content, Shown
from replanner.replan.ports import Pull
from replanner.run.world import World
from replanner.server.jobs import Target
from replanner.server.work import RepositoryWork
from replanner.webhooks.events import HookEvent, RepositoryEvent, to_json

OTHER = "acme/other"


@dataclass
class Images:
    """A registry whose tags stand for what is told."""

    now: dict[str, str] = field(default_factory=dict)
    error: ReplannerError | None = None

    def pin(self, repository: str, track: str) -> str:
        if self.error:
            raise self.error
        if track not in self.now:
            raise InputError("no such tag.")
        return f"{repository}:{track}@sha256:{self.now[track] * 64}"


@dataclass
class ShownPulls(FakePulls):
    """With the pull request's state, body and labels, and with `others` beside it."""

    shown: Pull | None = None
    others: dict[int, Pull] = field(default_factory=dict)

    def pull(self, number: int) -> Pull:
        return self.others.get(number) or self.shown or super().pull(number)

    def pulls_at(self, commit: str) -> Sequence[Pull]:
        found = [self.pull(number) for number in sorted({7, *self.others}, reverse=True)]
        return [one for one in found if one.state == "open" and one.head_commit == commit]


@dataclass
class ReadForge(FakeForge):
    """Remembers the texts of what was opened."""

    bodies: list[str] = field(default_factory=list)

    def open(self, content: Content) -> Shown:
        self.bodies.append(content.body)
        return super().open(content)


@dataclass
class Yard:
    """The gate, and what stands behind it. `opened` are the repositories that were entered, `asked`
    those of which it was asked whether they still stand."""

    folder: Path
    base: dict[str, str] = field(default_factory=lambda: {CHAT: profile()})
    head: dict[str, str] = field(default_factory=lambda: {CHAT: profile(concurrency=4)})
    names: list[str] = field(default_factory=lambda: [REPO])
    opened: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    error: ReplannerError | None = None
    now_s: float = 10_000.0
    checks: CheckBook | None = None

    def __post_init__(self) -> None:
        commits: dict[str, Mapping[str, str]] = {BASE: self.base, HEAD: self.head}
        self.pulls, self.forge = ShownPulls(commits), ReadForge(commits)
        self.images = Images()
        for model, config in ((SMALL, LLAMA_3_1_8B), (LARGE, MIXTRAL_8X7B)):
            self.move(model, config)

    def move(self, model: str, config: Mapping[str, object]) -> None:
        commit_model(self.folder / "hub", model, {"config.json": json.dumps(config).encode()})

    def work(self, **more: object) -> RepositoryWork:
        return RepositoryWork(self, {}, clock=lambda: self.now_s, **more)  # type: ignore[arg-type]

    # --- the gate

    def repositories(self) -> Sequence[str]:
        return self.names

    @contextmanager
    def world(self, repository: str) -> Iterator[World]:
        self.opened.append(repository)
        if self.error:
            raise self.error
        yield World(
            self.pulls, self.forge, self._models, images=lambda _: self.images, checks=self.checks
        )

    def still(self, repository: str, heads: Mapping[str, str]) -> bool:
        self.asked.append(repository)
        if self.error:
            raise self.error
        return all(self.forge.base(name).commit == commit for name, commit in heads.items())

    def dispatch(self, repository: str, kind: str, payload: Mapping[str, str]) -> None:
        self.sent.append((repository, kind, payload))

    def redeliver(self) -> int:
        return 0

    def _models(self, settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - the port
        del settings, with_token
        return LocalHub(self.folder / "hub")

    # --- one event, all the way

    def done(self) -> list[str]:
        return [*self.pulls.done, *self.forge.done]

    def send(self, event: HookEvent, work: RepositoryWork | None = None) -> list[dict[str, object]]:
        work = work or self.work()
        return [work.run(_stored(one)) for one in work.targets(_stored(to_json(event)))]


def _stored(value: Target | dict[str, object]) -> dict[str, object]:
    """As the store gives it back."""
    found = value.to_json() if isinstance(value, Target) else value
    back = json.loads(json.dumps(found))
    assert isinstance(back, dict)
    return back


PULL = PullFacts(7, "octo", "", base="main", base_commit=BASE, head="change", head_commit=HEAD)


def commented(text: str, who: str = "octo", repository: str = REPO) -> RepositoryEvent:
    event = Event("issue_comment", repository, "created", "main", who)
    pull = PullFacts(7, "octo")
    return RepositoryEvent(event._replace(pull=pull, comment=text, comment_id=55, commenter=who))


def pulled(action: str = "opened", **more: object) -> RepositoryEvent:
    facts = PULL._replace(head_repository=REPO)
    return RepositoryEvent(
        Event("pull_request", REPO, action, "main", "octo", pull=facts)._replace(**more)
    )


def pushed(branch: str = "main", base: str = BASE, head: str = HEAD) -> RepositoryEvent:
    return RepositoryEvent(
        Event("push", REPO, "", "main", "octo", f"refs/heads/{branch}", base=base, head=head)
    )
