"""Models of a Hugging Face Hub: resolves a revision to a commit, then reads the few small files of
that commit. A commit never changes, so what was read once is kept and not asked for again.

huggingface_hub is imported on first use only: a plan for a local folder starts without it.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from replanner.errors import InputError, ModelNotFound, UpstreamError
from replanner.hub.disk import git_digest, keep
from replanner.hub.folder import HubCache, LocalHub
from replanner.hub.look import OneLook
from replanner.hub.names import check_commit, check_model_id, check_revision, is_commit
from replanner.hub.shelf import assemble
from replanner.planning.model_files import ModelFiles, UpstreamFile

if TYPE_CHECKING:
    from replanner.hub.wire import Wire

PUBLIC_HUB = "https://huggingface.co"


@dataclass(eq=False, kw_only=True)
class HuggingFaceHub(OneLook):
    """`cache_dir` keeps what was read (None: nothing is kept); `hub_cache_dir` is huggingface_hub's
    own cache, read when offline (None: its default place). Without `token` requests are anonymous,
    unless `saved_login` lets the client use the token of `hf auth login`."""

    token: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    cache_dir: Path | None = None
    offline: bool = False
    hub_cache_dir: Path | None = None
    saved_login: bool = False
    timeout_s: float = 10.0
    retry_waits_s: tuple[float, ...] = (0.5, 1.5)

    def __post_init__(self) -> None:
        url = urlsplit(self.endpoint or PUBLIC_HUB)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise InputError(
                "the Hub's endpoint is no http or https address", hint="Check HF_ENDPOINT"
            )

    def _resolve(self, model_id: str, revision: str) -> str | None:
        check_model_id(model_id)
        check_revision(revision)
        if is_commit(revision):
            return revision
        if self.offline:
            return self._resolve_offline(model_id, revision)
        commit = self._wire.commit(model_id, revision)
        if self._kept:
            with suppress(OSError):  # a cache that cannot be written costs time, nothing else
                self._kept.point(model_id, revision, commit=commit)
        return commit

    def _read(self, model_id: str, commit: str | None) -> ModelFiles:
        check_model_id(model_id)
        if commit is None:
            raise ModelNotFound(f"{model_id} has no commit")
        places = self._offline_places if self.offline else filter(None, [self._kept])
        for place in places:
            if place.has(model_id, commit):
                return place.fetch(model_id, commit)
        if self.offline:
            raise _not_cached(model_id, f"commit {commit}")
        return self._read_online(model_id, commit)

    def _committed_at(self, model_id: str, commit: str) -> int | None:
        """A Hub that does not tell its history (mirrors may not) does not know the date."""
        check_model_id(model_id)
        check_commit(commit)
        if self.offline:
            return None
        try:
            return self._wire.committed_at(model_id, commit)
        except InputError:
            return None

    def _read_online(self, model_id: str, commit: str) -> ModelFiles:
        answer = self._wire.model(model_id, commit)
        shelf = _RemoteShelf(self._wire, answer.id, commit, answer.files())
        moved_to = answer.id if answer.id != model_id else None
        files = assemble(model_id, commit, shelf)._replace(moved_to=moved_to)
        if self._kept:
            folder = self._kept.commit_folder(model_id, commit)
            with suppress(OSError):
                keep(folder, shelf.contents, listing=files.files, moved_to=moved_to)
        return files

    def _resolve_offline(self, model_id: str, revision: str) -> str:
        for place in self._offline_places:
            with suppress(ModelNotFound):
                commit = place.resolve(model_id, revision)
                if commit and place.has(model_id, commit):
                    return commit
        raise _not_cached(model_id, f"revision {revision}")

    @cached_property
    def _kept(self) -> LocalHub | None:
        """A local hub per endpoint: two of them may disagree about a name."""
        if self.cache_dir is None:
            return None
        address = urlsplit(self.endpoint or PUBLIC_HUB)
        port = f"_{address.port}" if address.port else ""
        return LocalHub(self.cache_dir / f"{address.hostname}{port}")

    @cached_property
    def _offline_places(self) -> tuple[LocalHub, ...]:
        own = (self._kept,) if self._kept else ()
        return (*own, HubCache(self.hub_cache_dir or _default_hub_cache()))

    @cached_property
    def _wire(self) -> "Wire":
        _quiet_client()
        from replanner.hub.wire import Wire  # noqa: PLC0415 -- imports huggingface_hub

        return Wire(
            endpoint=self.endpoint or PUBLIC_HUB,
            token=self.token,
            saved_login=self.saved_login,
            timeout_s=self.timeout_s,
            retry_waits_s=self.retry_waits_s,
        )


def _quiet_client() -> None:
    """The client reads this once, when it is imported. Without it, it looks for torch and asks the
    Hub for a list of coding agents, to describe the machine in its User-Agent."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _default_hub_cache() -> Path:
    _quiet_client()
    from huggingface_hub import constants  # noqa: PLC0415 -- it decides from HF_HOME and the like

    return Path(constants.HF_HUB_CACHE)


def _not_cached(model_id: str, what: str) -> UpstreamError:
    return UpstreamError(
        f"offline, and {what} of {model_id} is not in the cache",
        hint="Plan once while online, or run `hf download` for it",
    )


@dataclass
class _RemoteShelf:
    """The files of one commit on the Hub; `contents` is what was read, to be kept."""

    wire: "Wire"
    model_id: str
    commit: str
    files: tuple[UpstreamFile, ...]
    contents: dict[str, bytes] = field(default_factory=dict)

    def listing(self) -> tuple[UpstreamFile, ...]:
        return self.files

    def read(self, path: str, limit: int) -> bytes:
        file = next(file for file in self.files if file.path == path)
        data = self.wire.read(self.model_id, file, commit=self.commit, limit=limit)
        _check_arrived(file, data, limit=limit)
        self.contents[path] = data
        return data


def _check_arrived(file: UpstreamFile, data: bytes, *, limit: int) -> None:
    """A proxy's page or half a file must not pass for a config.json."""
    whole = file.size <= limit
    damaged = whole and file.digest.startswith("git:") and git_digest(data) != file.digest
    if damaged or len(data) != min(file.size, limit):
        raise UpstreamError(f"{file.path} arrived damaged", hint="Check proxies, then try again")
