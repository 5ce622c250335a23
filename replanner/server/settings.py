"""Decides what a server was told: the file, the environment above it, and the secrets they name."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, get_args, get_origin

from replanner.errors import InputError, did_you_mean
from replanner.profile.load import read_file, shape
from replanner.profile.sections import Key, keys
from replanner.profile.source import Source as Text
from replanner.profile.source import read_source
from replanner.registry.access import PUBLIC, Access, logins_of
from replanner.server import secrets as of
from replanner.server import settings_file as written
from replanner.server.limits import Networks, networks
from replanner.server.secrets import Secret

PREFIX: Final = "REPLANNER_"
# How many workers may share a store.
MOST_SLOTS: Final = 64
# What other parts of replanner, and Kubernetes for a service of this name, put there.
_OTHERS: Final = re.compile(
    r"REPLANNER_(CONFIG|DEBUG|PEERS|WORKER_SLOT|"
    r"(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?))"
)
_ENVIRONMENT: Final = "the environment"
_SECRETS: Final = ("token", "secrets", "path_tokens")


class Listen(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class App(NamedTuple):
    """A GitHub App, which asks for a token for each repository."""

    id: int
    private_key: Secret


class GitHub(NamedTuple):
    """How GitHub is reached; without a token and an App, nothing can be written there."""

    api_url: str
    token: Secret | None
    app: App | None
    repositories: tuple[str, ...]
    mode: Literal["work", "dispatch"] = "work"
    checks: bool = True

    @property
    def checks_of(self) -> int | None:
        """The App that writes check runs, if any may: workflows have their own."""
        wanted = self.checks and self.mode == "work"
        return self.app.id if self.app and wanted else None


class Hub(NamedTuple):
    endpoint: str
    token: Secret | None


class Sender(NamedTuple):
    """What proves that a delivery comes from this source: a secret that it signs with or sends, or
    for who can do neither a token in the path."""

    secrets: tuple[Secret, ...]
    map: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that web and worker go by."""

    listen: Listen
    store: str = field(repr=False)  # may hold a password
    github: GitHub
    hub: Hub
    sources: Mapping[str, Sender]
    debounce_seconds: int
    min_revision_age_s: int
    reconcile_minutes: int
    most_replans_an_hour: int
    threads: int
    concurrency: int
    most_queued: int
    min_free_bytes: int
    keep_days: int
    registries: Access = field(default_factory=Access)
    request_seconds: int = 20
    trusted_proxies: Networks = ()

    @property
    def store_file(self) -> Path | None:
        """The SQLite file; None where the store is PostgreSQL."""
        name = self.store.removeprefix("sqlite:///")
        return Path(name) if name != self.store else None


def read_settings(
    path: Path | None, env: Mapping[str, str], *, folder: Path, known: Mapping[str, bool]
) -> Settings:
    """The settings in a file and the environment, whose word goes first; InputError says what is
    wrong. Relative paths are relative to the file, or to `folder` without one. `known`: the
    sources, and whether their secret stands in the path."""
    text = read_source(read_file(path), name=str(path)) if path else Text("settings", "", {}, {})
    if text.document is None:
        text.document = {}
    _no_secrets(text.document, text.name)
    told = _told(text, _from_environment(env))
    _know_sources(told.sources, known)
    return _settings(told, path.absolute().parent if path else folder, known)


def _told(text: Text, above: Mapping[str, object]) -> written.Written:
    """The document with the environment above it; what is wrong is blamed on where it stands."""
    try:
        return _shaped(text.name, text, _merged(text.document, above))
    except InputError:
        _shaped(text.name, text, text.document)
        _shaped(_ENVIRONMENT, Text("", "", {}, {}), above)
        raise


def _shaped(name: str, text: Text, document: object) -> written.Written:
    problems, refused = text.problems, text.refused
    source = Text(name, text.text, document, text.places, problems, refused)
    return shape(source, written.Written, context={})


def _no_secrets(document: object, name: str, path: tuple[str, ...] = ()) -> None:
    if not isinstance(document, dict):
        return
    for key, value in document.items():
        if key in _SECRETS and value is not None:
            dotted = ".".join((*path, key))
            variable = PREFIX + dotted.replace(".", "__").upper()
            raise InputError(
                f"{name}: {dotted} is a secret, which does not belong in this file.",
                hint=f"Name a file in {dotted}_file, or set {variable}.",
            )
        if key != "map":
            _no_secrets(value, name, (*path, str(key)))


def _know_sources(sources: Collection[str], known: Collection[str]) -> None:
    for name in sources:
        if name not in known:
            near = did_you_mean(name, known) or f" Known: {', '.join(sorted(known))}."
            raise InputError(f"sources.{name}: there is no such source.{near}")


# --- the environment


def _from_environment(env: Mapping[str, str]) -> dict[str, object]:
    """The variables as a nested document: REPLANNER_GITHUB__API_URL is github.api_url."""
    found: dict[str, object] = {}
    for name in sorted(env):
        if name.startswith(PREFIX) and not _OTHERS.fullmatch(name) and env[name]:
            _put(found, name, env[name])
    return found


def _put(found: dict[str, object], name: str, text: str) -> None:
    *parents, last = name.removeprefix(PREFIX).lower().split("__")
    section: object = written.Written
    for part in parents:
        section = _below(section, part, name)
        found = _child(found, part)
    found[last] = _value(_below(section, last, name), text, name)


def _child(document: dict[str, object], part: str) -> dict[str, object]:
    below = document.setdefault(part, {})
    if not isinstance(below, dict):
        raise InputError(f"the environment sets both {part} and something inside it.")
    return below


def _below(section: object, part: str, name: str) -> object:
    """The hint of a key: of a section, or of the sections that a mapping holds."""
    declared = _declared(section)
    if declared is None:
        named = _named(section)
        if named is not None and part:
            return named
        raise InputError(f"{name}: no setting has this name.")
    if part not in declared:
        near = did_you_mean(part, declared) or f" Known: {', '.join(declared)}."
        raise InputError(f"{name}: no setting has this name.{near}")
    return declared[part].hint


def _declared(hint: object) -> Mapping[str, Key] | None:
    """The keys of the section that a hint stands for, alone, annotated or optional."""
    if isinstance(hint, type) and hasattr(hint, "_field_defaults"):
        return keys(hint)
    if get_origin(hint) is Mapping:
        return None
    return next((found for each in get_args(hint) if (found := _declared(each))), None)


def _named(hint: object) -> object | None:
    """What a mapping's values are."""
    if get_origin(hint) is Mapping:
        values: object = get_args(hint)[1]
        return values
    return _named(get_args(hint)[0]) if get_origin(hint) is Annotated else None


def _value(hint: object, text: str, name: str) -> object:
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if _declared(hint) is not None or _named(hint) is not None:
        raise InputError(f"{name}: is a section; set the keys inside it, with __ between.")
    if get_origin(kind) is tuple:
        return [each.strip() for each in text.split(",") if each.strip()]
    if kind is bool:
        return _truth(text, name)
    if kind is not int:
        return text
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise InputError(f"{name}: must be a whole number, not {text[:40]!r}.")
    return int(text)


def _truth(text: str, name: str) -> bool:
    if text not in ("true", "false"):
        raise InputError(f"{name}: must be true or false, not {text[:40]!r}.")
    return text == "true"


def _merged(document: object, above: Mapping[str, object]) -> object:
    if not isinstance(document, dict):
        return document
    merged = dict(document)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old or {}, value) if isinstance(value, dict) else value
    return merged


# --- what was written, with the files it names


def _settings(told: written.Written, folder: Path, known: Mapping[str, bool]) -> Settings:
    host, _, port = told.listen.rpartition(":")
    return Settings(
        listen=Listen(host.strip("[]"), int(port)),
        store=_store(told.store, folder),
        github=_github(told.github, folder),
        hub=Hub(told.hub.endpoint, _token(told.hub, folder, "hub")),
        registries=_registries(told.registries, folder),
        sources={
            name: _sender(name, each, folder, in_path=known[name])
            for name, each in told.sources.items()
        },
        debounce_seconds=told.debounce_seconds,
        min_revision_age_s=written.seconds(told.min_revision_age),
        reconcile_minutes=told.reconcile_minutes,
        most_replans_an_hour=told.most_replans_an_hour,
        threads=told.threads,
        request_seconds=told.request_seconds,
        trusted_proxies=networks(told.trusted_proxies),
        concurrency=told.concurrency,
        most_queued=told.most_queued,
        min_free_bytes=told.min_free_mb * 1024**2,
        keep_days=told.keep_days,
    )


def _store(url: str, folder: Path) -> str:
    name = url.removeprefix("sqlite:///")
    return url if name == url else f"sqlite:///{folder / name}"


def _github(told: written.GitHub, folder: Path) -> GitHub:
    token = _token(told, folder, "github")
    if token and told.app:
        raise InputError("github has both a token and an app; it needs one of them.")
    app = told.app and App(
        told.app.id,
        of.read_text(folder / told.app.private_key_file, "github.app.private_key_file"),
    )
    return GitHub(told.api_url, token, app, told.repositories, told.mode, told.checks)


def _registries(told: written.Registries, folder: Path) -> Access:
    hosts = PUBLIC.union(told.hosts)
    if told.config_file is None:
        return Access(hosts)
    where = "registries.config_file"
    text = of.read_text(folder / told.config_file, where).text
    return Access(hosts, logins=logins_of(text.encode(), name=where))


def _token(told: written.GitHub | written.Hub, folder: Path, where: str) -> Secret | None:
    if told.token:
        return Secret(told.token.strip())
    if told.token_file:
        return of.read_secret(folder / told.token_file, f"{where}.token_file")
    return None


def _sender(name: str, told: written.Source, folder: Path, *, in_path: bool) -> Sender:
    proof, other = ("path_tokens", "secrets") if in_path else ("secrets", "path_tokens")
    where = f"sources.{name}.{proof}"
    given = told._asdict()
    if given[other] or given[f"{other}_file"]:
        raise InputError(f"sources.{name} takes {proof}_file, not {other}_file.")
    text, file = given[proof], given[f"{proof}_file"]
    shortest = of.SHORTEST_PATH_TOKEN if in_path else of.SHORTEST_SECRET
    if text:
        return Sender(of.good_secrets(text, where, shortest=shortest), told.map)
    if file:
        found = of.read_secrets(folder / file, f"{where}_file", shortest=shortest)
        return Sender(found, told.map)
    raise InputError(
        f"sources.{name} has no secret, and nobody may send without one.",
        hint=f"Name a file in {where}_file, or remove the source.",
    )
