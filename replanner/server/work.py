"""Decides whom an event concerns: which repositories, which of their pull requests; the doing is
carrying.py's."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from replanner.errors import InputError, ReplannerError, UpstreamError
from replanner.event import SUPPORTED, Event
from replanner.propose.command import parse_command
from replanner.propose.decide import decide
from replanner.propose.decision import Decision
from replanner.report.check_run import NAME
from replanner.run.scene import Scene, wish_of
from replanner.run.settling import settled
from replanner.server import carrying, holding
from replanner.server.errand import nothing
from replanner.server.figures import Figures
from replanner.server.gate import Gate, GitHubGate, inputs_of
from replanner.server.index import Index, Known
from replanner.server.jobs import EVERYTHING, Json, Target
from replanner.server.look import Look
from replanner.server.settings import Settings
from replanner.upstream.manners import Manners
from replanner.webhooks.events import HookEvent, ImageMoved, ModelMoved, RepositoryEvent, from_json

LOG: Final = logging.getLogger(__name__)
# How long the list of repositories is believed.
_LISTED_S: Final = 300.0
# What our example workflow listens to.
_DISPATCHED: Final = "hf-revision"
_ARRIVED: Final = frozenset({"created", "added", "unsuspend"})
_RERUN: Final = frozenset({"check_run", "check_suite"})
_INSTALLED: Final = frozenset({"installation", "installation_repositories"})


@dataclass
class RepositoryWork:
    """`Work` in repositories on GitHub. `subjects` maps globs of generic senders' subjects to globs
    of profiles. `dispatches`: workflows of the repositories do the work, and are only started.
    `checks_of` is the App that writes check runs; None: nobody does."""

    gate: Gate
    inputs: Mapping[str, str] = field(repr=False)  # may hold a token
    subjects: Mapping[str, str] = field(default_factory=dict)
    dispatches: bool = False
    checks_of: int | None = None
    clock: Callable[[], float] = time.time
    figures: Figures = field(default_factory=Figures)
    _listed: tuple[float, tuple[str, ...]] = (0.0, ())
    _warned: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._index = Index(self.gate, self.inputs)
        self._look = Look(self.gate, self._index, self.clock)
        # What is only checked, as our own proposals are, is told nowhere else.
        self._reviewed = {"comment"} if self.checks_of is None else {"comment", "check"}

    # --- the port

    def targets(self, event: Json) -> Sequence[Target]:
        if event == EVERYTHING:
            return list(self._reconciled())
        found = from_json(dict(event))
        if isinstance(found, RepositoryEvent):
            return list(self._of_repository(found.event))
        return [
            one for repository in self._repositories() for one in self._followers(repository, found)
        ]

    def run(self, target: Json) -> dict[str, object]:
        found = Target.from_json(target)
        if self._named(found.repository) != found.repository:
            # It was taken from the list since, or another wrote the row: a job is no permission.
            LOG.warning("not one of ours any more: %s", found.repository)
            return nothing("not one of our repositories")
        self._index.forget(found.repository)
        account = carrying.carry_out(self.gate, found, self.inputs, now_s=int(self.clock()))
        if account.get("unknown"):
            self._look.owe(found.repository, str(account.get("base")))
        self._warn_once(found.repository, str(account.get("warning", "")))
        return account

    def _warn_once(self, repository: str, text: str) -> None:
        """A right that an App lacks is lacking at every review: it is told once a process."""
        if text and (repository, text) not in self._warned:
            self._warned.add((repository, text))
            LOG.warning("%s: %s", repository, text)

    # --- a model, an image or a subject moved

    def _followers(self, repository: str, event: HookEvent) -> Iterator[Target]:
        try:
            known = self._index.known(repository)
        except UpstreamError as error:
            # Whether it follows is not known: looking at it in vain costs little, and that job
            # waits for its repository while the others go on.
            LOG.info("%s: %s", repository, error.message)
            for base in self._index.bases(repository):
                yield self._update(repository, base, event)
            return
        except ReplannerError as error:
            LOG.warning("%s: %s", repository, error.in_full)
            return
        except Exception:
            # The others must not wait for what nobody thought of; the next event asks again.
            LOG.exception("%s cannot be read, by a bug", repository)
            return
        for one in known.bases:
            if one.concerns(event, self.subjects):
                yield self._update(repository, one.base, event)

    def _update(self, repository: str, base: str, event: HookEvent | None = None) -> Target:
        if self.dispatches:
            return Target("dispatch", f"{repository}|dispatch", repository, _hint(event))
        return Target("update", f"{repository}|update|{base}", repository, {"base": base})

    # --- something happened in a repository

    def _of_repository(self, event: Event) -> Iterator[Target]:
        repository = self._named(event.repository)
        if repository is None:
            LOG.info("not one of ours: %s", event.repository)
            return
        self._index.forget(repository)
        if event.name in _INSTALLED:
            if event.action in _ARRIVED:
                yield self._update(repository, "")
            return
        if self.dispatches:
            return  # its workflows see the same events
        yield from self._asked(repository, event._replace(repository=repository))

    def _asked(self, repository: str, event: Event) -> Iterator[Target]:
        if event.name == "issue_comment":
            yield from _commanded(repository, event)
        elif event.name in _RERUN:
            yield from self._pressed(repository, event)
        elif event.name == "merge_group":
            if self.checks_of is not None:
                commits: dict[str, object] = {"base": event.base, "head": event.head}
                yield Target("queue", "", repository, commits)
        elif event.name in SUPPORTED:
            yield from self._moved_on(repository, event)
            yield from self._decided(repository, event)

    def _moved_on(self, repository: str, event: Event) -> Iterator[Target]:
        """A commit has one check, whatever ends in it: that of another must not pass for this."""
        if self.checks_of is None:
            return
        if holding.begins(event):
            holding.hold_at_once(self.gate, event, self.inputs)
        commit = holding.left(event)
        if commit and event.pull:
            number = event.pull.number
            about: dict[str, object] = {"number": number, "commit": commit}
            yield Target("left", f"{repository}|left|{number}|{commit}", repository, about)

    def _pressed(self, repository: str, event: Event) -> Iterator[Target]:
        """A button of a check run of ours, and no other App's or workflow's. The event's word on
        its pull request is not needed: it has none for forks."""
        named = event.name == "check_suite" or event.check_name == NAME
        if self.checks_of is None or event.check_app != self.checks_of or not named:
            return
        bot = event.actor.endswith("[bot]")
        if event.action == "requested_action" and (bot or not (event.actor and event.button)):
            return
        who = "" if bot else event.actor
        asked: dict[str, object] = {"commit": event.head, "button": event.button, "writer": who}
        # Of bots it is not asked whether they may write: they are gathered, and count.
        key = f"{repository}|rerun|{event.head}" if bot else ""
        yield Target("button", key, repository, asked)

    def _decided(self, repository: str, event: Event) -> Iterator[Target]:
        try:
            known = self._index.known(repository)
        except InputError:
            # Rules that cannot be read let nothing pass: the pull request's check says so.
            if event.name != "pull_request" or not event.pull or self.checks_of is None:
                raise
            yield _pull(repository, event.pull.number, event)
            return
        try:
            decision = self._settled(repository, event, known)
        except InputError as error:
            LOG.info("%s: %s", repository, error.message)
            return
        LOG.info("%s: %s, since %s", repository, decision.mode, decision.reason)
        yield from self._of_decision(repository, event, known, decision)

    def _settled(self, repository: str, event: Event, known: Known) -> Decision:
        """What was asked, and whether files say that it matters: a later push, which this one is
        gathered with, may not have touched them. Who asks is looked up when it is done."""
        if event.name == "push" and not event.default_branch:
            event = event._replace(default_branch=known.bases[0].base)
        decision = decide(event, wish_of(known.settings))
        if not decision.needs_touch:
            return decision
        with self.gate.world(repository) as world:
            scene = Scene(world, repository, self.inputs, known.settings, known.config, 0)
            return settled(scene, decision).decision

    def _of_decision(
        self, repository: str, event: Event, known: Known, decision: Decision
    ) -> Iterator[Target]:
        if decision.mode in self._reviewed and decision.number is not None:
            yield _pull(repository, decision.number, event)
        elif decision.mode == "apply" and decision.number is not None:
            asked: dict[str, object] = {
                "number": decision.number,
                "writer": decision.needs_writer,
                "label": event.label,
            }
            yield Target("apply", "", repository, asked)
        elif decision.mode == "update" and decision.group:
            yield _group(repository, event, decision)
        elif decision.mode == "update":
            pushed = {event.branch} & {one.base for one in known.bases}
            for base in pushed or [one.base for one in known.bases]:
                yield self._update(repository, base)

    # --- time has passed

    def _reconciled(self) -> Iterator[Target]:
        """What moved while nobody told us."""
        self._redeliver()
        for repository, base in self._look.moved(self._repositories()):
            found = self._update(repository, base)
            yield found._replace(payload={**found.payload, "round": True})

    def _redeliver(self) -> None:
        try:
            count = self.gate.redeliver()
        except ReplannerError as error:
            LOG.warning("deliveries that were missed are not known: %s", error.in_full)
        else:
            if count:
                LOG.info("asked for %d deliveries again", count)

    # --- which repositories there are

    def _repositories(self) -> tuple[str, ...]:
        since, listed = self._listed
        if not listed or self.clock() - since > _LISTED_S:
            listed = tuple(self.gate.repositories())
            self._listed = (self.clock(), listed)
        return listed

    def _named(self, name: str) -> str | None:
        """The repository as we call it; one that is new with the App is looked for once more."""
        for _ in range(2):
            for one in self._repositories():
                if one.lower() == name.lower():
                    return one
            if self.clock() - self._listed[0] < 1:
                return None
            self._listed = (0.0, ())
        return None


def make_work(settings: Settings) -> RepositoryWork:
    """The work as a server's settings want it."""
    senders = settings.sources.values()
    subjects = {glob: profiles for one in senders for glob, profiles in one.map.items()}
    dispatches = settings.github.mode == "dispatch"
    figures, checks_of = Figures(), settings.github.checks_of
    return RepositoryWork(
        GitHubGate(settings, Manners(figures)),
        inputs_of(settings),
        subjects,
        dispatches=dispatches,
        checks_of=checks_of,
        figures=figures,
    )


def _commanded(repository: str, event: Event) -> Iterator[Target]:
    """A person waits, so it is gathered with nothing."""
    command = parse_command(event.comment)
    if event.action != "created" or event.pull is None or command is None:
        return
    payload: dict[str, object] = {
        "number": event.pull.number,
        "comment": event.comment_id,
        "writer": event.commenter,
        "profile": command.profile,
        "changes": [list(one) for one in command.changes],
    }
    yield Target("command", "", repository, payload)


def _pull(repository: str, number: int, event: Event) -> Target:
    about: dict[str, object] = {"number": number, "fork": event.is_fork}
    return Target("pull", f"{repository}|pull|{number}", repository, about)


def _group(repository: str, event: Event, decision: Decision) -> Target:
    payload: dict[str, object] = {
        "base": event.pull.base if event.pull else "",
        "group": decision.group,
        "forced": decision.forced,
        "writer": decision.needs_writer,
    }
    return Target("update", "", repository, payload)


def _hint(event: HookEvent | None) -> dict[str, object]:
    """What a workflow may like to know; it reads the truth itself."""
    match event:
        case ModelMoved(model_id, revision):
            return {"kind": _DISPATCHED, "model": model_id, "revision": revision}
        case ImageMoved(image, tag):
            return {"kind": _DISPATCHED, "image": image, "tag": tag}
        case _:
            return {"kind": _DISPATCHED}
