"""Decides what each refusal of a GitHub means to people: who must do what about it.

Everything that GitHub says is foreign text: it is shortened, kept on one line and never asked for
more than its words.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from replanner.errors import AccessDenied, InputError, RateLimited, ReplannerError, UpstreamError

_LONGEST = 300
_SECONDS = re.compile(r"\s*(\d{1,10})\s*")
_NO_PULLS = "GitHub Actions is not permitted to create or approve pull requests"
# Their texts: Requester.isRateLimitError of PyGithub 2.10; docs.github.com, "Rate limits for the
# REST API". A limit is met with 403 or 429.
_LIMITED = (
    "api rate limit exceeded",
    "exceeded a secondary rate limit",
    "please retry your request again later",
    "please wait a few minutes before you try again",
)


class Asked(NamedTuple):
    """What a call was about, for the sentence when it fails: `doing` is "open a pull request"."""

    host: str
    site_url: str
    repository: str
    doing: str


class BadAnswer(NamedTuple):
    """An answer that reports a failure: its status, headers in lower case, and what GitHub says."""

    status: int
    headers: Mapping[str, str]
    says: tuple[str, ...]

    @property
    def words(self) -> str:
        return shortened("; ".join(self.says))


class Refused(InputError):
    """GitHub understood and will not do it; `says` are its own words."""

    code = "github_refused"

    def __init__(self, message: str, *, hint: str = "", says: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.says = says

    def mentions(self, words: str) -> bool:
        return any(words.lower() in one.lower() for one in self.says)


class NotThere(Refused):
    """No such thing, as far as this token can see."""

    code = "not_found"


class BlockedBySettings(AccessDenied):
    """Workflows may not open pull requests here. `url` opens a person's form for this one."""

    code = "blocked_by_settings"
    url: str = ""


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {key.lower(): value for key, value in pairs}


def words_of(data: object) -> tuple[str, ...]:
    """What an error's body says: its message and those of its parts."""
    if not isinstance(data, dict):
        return ()
    errors = data.get("errors")
    parts = [data, *(errors if isinstance(errors, list) else ())]
    found = (_words(part) for part in parts)
    return tuple(text for text in found if text)


def _words(part: object) -> str:
    """One message, or `field: code` where a part has none."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    if isinstance(message := part.get("message"), str):
        return message
    told = [part[key] for key in ("resource", "field", "code") if isinstance(part.get(key), str)]
    return " ".join(told)


def shortened(text: str) -> str:
    """Foreign text for a sentence: one line, nothing unprintable, not long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST]).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def is_limit(told: BadAnswer) -> bool:
    """Whether GitHub only asks to come back later. Nothing was done then."""
    if told.status == 429 or (told.status == 403 and "retry-after" in told.headers):  # noqa: PLR2004 - HTTP statuses are their own names
        return True
    said = " ".join(told.says).lower()
    return told.status in (200, 403) and any(words in said for words in _LIMITED)


def wait_s(headers: Mapping[str, str]) -> int | None:
    """In how many seconds GitHub will answer again, where it says so."""
    if found := _SECONDS.fullmatch(headers.get("retry-after", "")):
        return int(found[1])
    reset = _SECONDS.fullmatch(headers.get("x-ratelimit-reset", ""))
    if reset and headers.get("x-ratelimit-remaining", "").strip() == "0":
        return max(0, int(reset[1]) - int(time.time())) + 1  # at some time within that second
    return None


def refusal(told: BadAnswer, asked: Asked) -> ReplannerError:
    """The error for an answer with an error's status."""
    if is_limit(told):
        return _limited(told, asked)
    if any(_NO_PULLS in text for text in told.says):
        return _blocked(asked)
    if told.status >= 500:  # noqa: PLR2004 - HTTP statuses are their own names
        return UpstreamError(f"{asked.host} answered {told.status} when asked to {asked.doing}.")
    return _BY_STATUS.get(told.status, _refused)(told, asked)


def kinds_of(errors: object) -> set[str]:
    """The types of a GraphQL answer's `errors`; empty where none has one."""
    listed = errors if isinstance(errors, list) else []
    return {str(one["type"]) for one in listed if isinstance(one, dict) and "type" in one}


def graphql_refusal(told: BadAnswer, kinds: set[str], asked: Asked) -> ReplannerError:
    """The error for a GraphQL answer with `errors` of these types."""
    if "RATE_LIMITED" in kinds or is_limit(told):
        return _limited(told, asked)
    for kind, refuse in _BY_KIND.items():
        if kind in kinds:
            return refuse(told, asked)
    if _is_outage(told):
        return UpstreamError(f"{asked.host} failed when asked to {asked.doing}: {told.words}")
    return _refused(told, asked)


def _is_outage(told: BadAnswer) -> bool:
    """GitHub tells its own failures, in GraphQL, in these words and with a status of 200."""
    return any("Something went wrong while executing your query" in text for text in told.says)


def no_answer(error: Exception, asked: Asked) -> UpstreamError:
    """The error where no answer came: it may or may not have been done."""
    from requests import exceptions  # noqa: PLC0415 - comes with PyGithub, loaded by now

    if isinstance(error, exceptions.SSLError):
        return UpstreamError(
            f"the certificate of {asked.host} is not one that this machine trusts.",
            hint="Where a private authority signs it, name that authority's PEM file as ca-bundle.",
        )
    if isinstance(error, exceptions.ProxyError):
        return UpstreamError(
            f"{asked.host} cannot be reached through the proxy.",
            hint="Check HTTPS_PROXY and NO_PROXY.",
        )
    if isinstance(error, exceptions.Timeout):
        return UpstreamError(f"{asked.host} did not answer in time when asked to {asked.doing}.")
    if isinstance(error, exceptions.ConnectionError):
        return UpstreamError(f"{asked.host} cannot be reached to {asked.doing}.")
    return UpstreamError(f"{asked.host} gave no usable answer when asked to {asked.doing}.")


def _limited(told: BadAnswer, asked: Asked) -> ReplannerError:
    wait = wait_s(told.headers)
    when = f"; it answers again in {wait} s" if wait is not None else ""
    return RateLimited(
        f"{asked.host} limits the rate of requests{when}.",
        hint="Run it later, or less often; a GitHub App's token is allowed more.",
        retry_after_s=wait,
    )


def _blocked(asked: Asked) -> ReplannerError:
    owner = asked.repository.partition("/")[0]
    return BlockedBySettings(
        f"{asked.repository} does not let workflows open pull requests.",
        hint=(
            'Tick "Allow GitHub Actions to create and approve pull requests" at'
            f" {asked.site_url}/{asked.repository}/settings/actions (Settings > Actions > General"
            " > Workflow permissions), and in an organization also at"
            f" {asked.site_url}/organizations/{owner}/settings/actions, or use a GitHub App's"
            " token."
        ),
    )


def _bad_token(told: BadAnswer, asked: Asked) -> ReplannerError:
    del told
    return AccessDenied(
        f"{asked.host} refused the token.", hint="Is it expired, or of another GitHub?"
    )


def _forbidden(told: BadAnswer, asked: Asked) -> ReplannerError:
    """What is missing, where GitHub names it."""
    sentence = f"this token may not {asked.doing} in {asked.repository}"
    if told.headers.get("x-github-sso", "").startswith("required"):
        return AccessDenied(
            f"{sentence}: its organization wants single sign-on.",
            hint="Authorize the token for that organization in your GitHub settings.",
        )
    if told.says:
        sentence = f"{sentence}: {told.words}"
    return AccessDenied(sentence.rstrip(".") + ".", hint=_missing(told.headers))


def _missing(headers: Mapping[str, str]) -> str:
    """`contents=write; pull_requests=write` (alternatives are parted by `;`) as advice."""
    accepted = headers.get("x-accepted-github-permissions", "")
    sets = [re.findall(r"([a-z_]{1,60})=([a-z]{1,20})", part) for part in accepted.split(";")]
    told = " or ".join(
        ", ".join(f"{name.replace('_', '-')}: {level}" for name, level in pairs)
        for pairs in sets
        if pairs
    )
    if not told:
        return "Check the token's permissions, in a workflow its `permissions:`."
    return f"It needs the permission {told}; in a workflow under `permissions:`."


def _not_there(told: BadAnswer, asked: Asked) -> ReplannerError:
    """GitHub answers 404 also for what a token may not see, and for what it may not do."""
    hint = _missing(told.headers) if "x-accepted-github-permissions" in told.headers else ""
    return NotThere(
        f"cannot {asked.doing} in {asked.repository}: {asked.host} has no such thing, as far as"
        " this token can see.",
        hint=hint or "Check the names, and that the token covers this repository.",
        says=told.says,
    )


def _moved(told: BadAnswer, asked: Asked) -> ReplannerError:
    del told
    return InputError(
        f"{asked.repository} has moved; {asked.host} redirects from it.",
        hint="Name the repository as it is called now.",
    )


def _refused(told: BadAnswer, asked: Asked) -> ReplannerError:
    why = told.words or f"it answered {told.status}"
    return Refused(f"{asked.host} would not {asked.doing}: {why}", says=told.says)


_Refusing = Callable[[BadAnswer, Asked], ReplannerError]
_BY_STATUS: dict[int, _Refusing] = {
    301: _moved,
    302: _moved,
    307: _moved,
    308: _moved,
    401: _bad_token,
    403: _forbidden,
    404: _not_there,
    410: _not_there,
}
_BY_KIND: dict[str, _Refusing] = {
    "FORBIDDEN": _forbidden,
    "INSUFFICIENT_SCOPES": _forbidden,
    "NOT_FOUND": _not_there,
}
