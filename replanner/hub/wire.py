"""Talks to a Hugging Face Hub over huggingface_hub's session: two kinds of GET, bounded in size,
time and repetition. It imports huggingface_hub, so it is imported late.

`hf_hub_download` is not used: it repeats a failed request for 23 s (minutes, where the Hub asks to
slow down) and then reports an outage as a missing file.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import quote, urlsplit

from huggingface_hub import get_session, hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # not in __all__
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

import replanner
from replanner.errors import AccessDenied, RateLimited, UpstreamError
from replanner.hub.refusals import Asked, disabled, refusal
from replanner.planning.model_files import UpstreamFile

T = TypeVar("T")

_MAX_ANSWER_BYTES = 64 * 2**20
_TOKEN = re.compile(r"[!-~]+")

# The base of everything that goes wrong on the way: httpx.HTTPError in huggingface_hub 1, the same
# of httpx2 in 2. Named through the client, so that both work.
_TransportError = cast(type[Exception], HfHubHTTPError.__bases__[0])

Sha1 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Lfs(BaseModel):
    sha256: Sha256


class _Sibling(BaseModel):
    """One file; `lfs` is there for large ones. Sizes and digests come with `?blobs=true`."""

    rfilename: str
    size: int = Field(ge=0)
    blobId: Sha1  # noqa: N815 -- the Hub's spelling
    lfs: _Lfs | None = None

    def file(self) -> UpstreamFile:
        digest = f"sha256:{self.lfs.sha256}" if self.lfs else f"git:{self.blobId}"
        return UpstreamFile(self.rfilename, digest, self.size)


class ModelAnswer(BaseModel):
    """What the Hub says of a model at a revision; `id` is another one where the model moved."""

    id: str
    sha: Sha1
    disabled: bool | None = None
    siblings: list[_Sibling] = []

    def files(self) -> tuple[UpstreamFile, ...]:
        return tuple(sibling.file() for sibling in self.siblings)


class _CommitRow(BaseModel):
    id: Sha1
    date: AwareDatetime


_HISTORY = TypeAdapter(list[_CommitRow])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One Hub as one identity sees it. Repeated are failures of the Hub and of the way to it; a Hub
    that asks to slow down is not asked again."""

    endpoint: str
    token: str | None = field(repr=False)
    saved_login: bool
    timeout_s: float
    retry_waits_s: tuple[float, ...]

    def __post_init__(self) -> None:
        # Checked here because the HTTP client quotes a header it refuses, token and all.
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise AccessDenied(
                "the Hugging Face token holds blanks or other characters that no token has",
                hint="Check HF_TOKEN",
            )

    def commit(self, model_id: str, revision: str) -> str:
        """The commit that a branch, a tag or the first digits of a commit stand for now."""
        return self._model(model_id, revision, {"expand": "sha"}).sha

    def model(self, model_id: str, commit: str) -> ModelAnswer:
        """The model at a commit, with sizes and digests of all its files."""
        answer = self._model(model_id, commit, {"blobs": "true"})
        if answer.sha != commit:
            raise UpstreamError(f"{self._host} answered for commit {answer.sha}, not for {commit}")
        return answer

    def committed_at(self, model_id: str, commit: str) -> int | None:
        """The commit's date, in seconds since 1970."""
        url = f"{self._base}/api/models/{model_id}/commits/{commit}"
        asked = self._asked(model_id, commit)
        # The newest of the commits up to this one is this one.
        data = self._patiently(lambda: self._get(url, asked, query={"limit": "1"}))
        try:
            rows = _HISTORY.validate_json(data)
        except ValidationError as error:
            raise self._no_hub() from error
        return next((int(row.date.timestamp()) for row in rows if row.id == commit), None)

    def read(self, model_id: str, file: UpstreamFile, *, commit: str, limit: int) -> bytes:
        """The first `limit` bytes of a file."""
        asked = replace(self._asked(model_id, commit), path=file.path)
        url = f"{self._base}/{model_id}/resolve/{commit}/{quote(file.path)}"
        headers = {"Range": f"bytes=0-{limit - 1}"} if file.size > limit else {}
        return self._patiently(lambda: self._get(url, asked, headers=headers, limit=limit))

    def _model(self, model_id: str, revision: str, query: Mapping[str, str]) -> ModelAnswer:
        asked = self._asked(model_id, revision)
        url = f"{self._base}/api/models/{model_id}/revision/{quote(revision, safe='')}"
        data = self._patiently(lambda: self._get(url, asked, query=query))
        try:
            answer = ModelAnswer.model_validate_json(data)
        except ValidationError as error:
            raise self._no_hub() from error
        if answer.disabled:
            raise disabled(asked)
        return answer

    def _asked(self, model_id: str, revision: str) -> Asked:
        page, with_token = f"{self._base}/{model_id}", "authorization" in self._identity()
        return Asked(self._host, page, with_token, model_id, revision)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        for wait_s in self.retry_waits_s:
            try:
                return attempt()
            except RateLimited:
                raise
            except UpstreamError:
                time.sleep(wait_s)
        return attempt()

    def _get(
        self,
        url: str,
        asked: Asked,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = _MAX_ANSWER_BYTES,
    ) -> bytes:
        sent = {**self._identity(), **(headers or {})}
        try:
            with get_session().stream(
                "GET", url, params=query, headers=sent, timeout=self.timeout_s
            ) as response:
                self._check(response)
                return _first(response.iter_bytes(), limit)
        except HfHubHTTPError as error:
            raise refusal(error, asked) from error
        except OfflineModeIsEnabled as error:
            raise UpstreamError(
                f"{self._host} was not asked: huggingface_hub is in offline mode",
                hint="Unset HF_HUB_OFFLINE, or plan from the cache",
            ) from error
        except _TransportError as error:
            raise self._unreachable(error) from error

    def _check(self, response: Any) -> None:
        try:
            hf_raise_for_status(response)
        except (AttributeError, TypeError) as error:
            # huggingface_hub 2.4.0 trips over an error whose JSON body is no object.
            raise self._no_hub() from error

    def _identity(self) -> dict[str, str]:
        # False forbids the client to look for a token itself.
        token = self.token or (None if self.saved_login else False)
        name, version = "replanner", replanner.__version__
        return build_hf_headers(token=token, library_name=name, library_version=version)

    def _no_hub(self) -> UpstreamError:
        return UpstreamError(
            f"{self._host} did not answer like a Hugging Face Hub",
            hint="Check HF_ENDPOINT and proxies",
        )

    def _unreachable(self, error: Exception) -> UpstreamError:
        """Names the kind of failure; the client's own text may hold addresses with passwords."""
        if "Timeout" in type(error).__name__:
            return UpstreamError(f"{self._host} did not answer within {self.timeout_s:g} s")
        return UpstreamError(
            f"{self._host} could not be reached ({type(error).__name__})",
            hint="Check the network, HF_ENDPOINT and proxies; --hub FOLDER plans without a network",
        )

    @property
    def _base(self) -> str:
        return self.endpoint.rstrip("/")

    @property
    def _host(self) -> str:
        """Name and port, without what else an address may carry (a password)."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]


def _first(chunks: Iterable[bytes], limit: int) -> bytes:
    """The first `limit` bytes; what a server sends beyond is not read."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) >= limit:
            break
    return bytes(data[:limit])
