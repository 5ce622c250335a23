"""Decides what each refusal of a Hugging Face Hub means to people: who must do what about it.

Which answer a Hub gives in which situation is written in docs/models.md. This module imports
huggingface_hub, so it is imported late.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from replanner.errors import (
    AccessDenied,
    ModelNotFound,
    RateLimited,
    ReplannerError,
    UnsupportedModel,
    UpstreamError,
)

# `RateLimit: "api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers-09)
_RESET = re.compile(r"\bt=(\d{1,6})\b")
_SECONDS = re.compile(r"\d{1,6}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request was about, for the sentence when it fails."""

    host: str
    page: str  # where people see the model
    with_token: bool
    model_id: str
    revision: str
    path: str | None = None


def refusal(error: HfHubHTTPError, asked: Asked) -> ReplannerError:
    """The error to raise instead. The first kind that fits wins: a gated model's error is also a
    kind of "not found"."""
    for kind, told in _BY_KIND:
        if isinstance(error, kind):
            return told(asked)
    status = error.response.status_code
    if status == 429:  # noqa: PLR2004 -- HTTP status codes are their own names
        return _rate_limited(error, asked)
    return _BY_STATUS.get(status, _unexpected(status))(asked)


def disabled(asked: Asked) -> ReplannerError:
    return AccessDenied(f"{asked.model_id} is disabled on {asked.host}", hint=f"See {asked.page}")


def _gated(asked: Asked) -> ReplannerError:
    what = "this token was not granted access" if asked.with_token else "no token was given"
    return AccessDenied(
        f"{asked.model_id} is gated, and {what}",
        hint=f"Ask for access at {asked.page}, then set HF_TOKEN to a token of that account",
    )


def _no_revision(asked: Asked) -> ReplannerError:
    return ModelNotFound(f"{asked.model_id} has no branch, tag or commit {asked.revision!r}")


def _no_file(asked: Asked) -> ReplannerError:
    # Only files that the Hub itself listed are asked for.
    return UnsupportedModel(f"{asked.path} of {asked.model_id} is listed but cannot be read")


def _no_model(asked: Asked) -> ReplannerError:
    seen = "this token" if asked.with_token else "a visitor without token"
    hint = "Check the spelling of model.id"
    if not asked.with_token:
        hint += "; if the model is private, set HF_TOKEN"
    return ModelNotFound(
        f"{asked.host} has no model {asked.model_id!r} that {seen} may see", hint=hint
    )


def _bad_token(asked: Asked) -> ReplannerError:
    if asked.with_token:
        return AccessDenied(
            f"{asked.host} refused the token", hint="Check HF_TOKEN: is it expired?"
        )
    return AccessDenied(f"{asked.host} wants a token for {asked.model_id}", hint="Set HF_TOKEN")


def _forbidden(asked: Asked) -> ReplannerError:
    return AccessDenied(
        f"{asked.host} forbids access to {asked.model_id}",
        hint="Give the token in HF_TOKEN read access to this model",
    )


def _rate_limited(error: HfHubHTTPError, asked: Asked) -> ReplannerError:
    wait_s = _retry_after_s(error.response.headers)
    when = f"; it answers again in {wait_s} s" if wait_s is not None else ""
    hint = "" if asked.with_token else "With a token in HF_TOKEN more requests are allowed"
    return RateLimited(
        f"{asked.host} limits the rate of requests{when}", hint=hint, retry_after_s=wait_s
    )


def _retry_after_s(headers: Mapping[str, str]) -> int | None:
    if found := _RESET.search(headers.get("RateLimit", "")):
        return int(found[1])
    seconds = headers.get("Retry-After", "").strip()
    return int(seconds) if _SECONDS.fullmatch(seconds) else None


def _unexpected(status: int) -> Callable[[Asked], ReplannerError]:
    return lambda asked: UpstreamError(f"{asked.host} answered {status} for {asked.model_id}")


_BY_KIND: tuple[tuple[type[HfHubHTTPError], Callable[[Asked], ReplannerError]], ...] = (
    (GatedRepoError, _gated),
    (DisabledRepoError, disabled),
    (RevisionNotFoundError, _no_revision),
    (RemoteEntryNotFoundError, _no_file),
    (RepositoryNotFoundError, _no_model),
)
_BY_STATUS: dict[int, Callable[[Asked], ReplannerError]] = {
    401: _bad_token,
    403: _forbidden,
    404: _no_model,
}
