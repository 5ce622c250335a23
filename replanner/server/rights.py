"""Decides what a token or an App lacks, and what it could do that nobody needs."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from replanner.server.settings import GitHub

if TYPE_CHECKING:
    from replanner.forge.github.rights import Granted

# docs.github.com, "Scopes for OAuth apps": there is no narrower one that may push.
_SCOPES: Final = frozenset({"repo", "public_repo", "repo:status", "repo_deployment", "repo:invite"})
_LEVELS: Final = ("read", "write", "admin")
_ALWAYS: Final[Mapping[str, str]] = {"contents": "write", "metadata": "read"}
_WORK: Final[Mapping[str, str]] = {**_ALWAYS, "pull_requests": "write"}
# What some use: images in ghcr.io, the merge queue, events of issues' comments.
_USEFUL: Final[Mapping[str, str]] = {"packages": "read", "merge_queues": "read", "issues": "write"}
_EVENTS: Final = ("issue_comment", "pull_request", "push")
_SHOWN: Final = 200


class Said(NamedTuple):
    """Something about rights: bad where a job would fail of it, else to think about."""

    text: str
    is_bad: bool = False


def of_scopes(scopes: tuple[str, ...] | None) -> Iterator[Said]:
    """A classic token's; those of others are not told."""
    if scopes is None:
        return
    if not {"repo", "public_repo"} & set(scopes):
        yield Said(f"github: the token may not push; its scopes are: {_list(scopes)}", is_bad=True)
    if more := [one for one in scopes if one not in _SCOPES]:
        yield Said(f"github: the token may do more than is needed: {_list(more)}")
    yield Said(
        "github: a classic token reaches all that its owner does; an App, or a fine-grained token,"
        " only what it is given"
    )


def of_app(github: GitHub, found: "list[Granted]") -> Iterator[Said]:
    """An App's, and those that each owner has accepted."""
    needed = _needed(github)
    for one in found:
        whose = f"its installation at {one.owner[:_SHOWN]}" if one.owner else "the App"
        if missing := _beyond(needed, one.permissions):
            yield Said(f"github: {whose} lacks {_list(missing)}", is_bad=True)
        allowed = {**_USEFUL, **needed}
        if more := _beyond(one.permissions, allowed):
            yield Said(f"github: {whose} may do more than is needed: {_list(more)}")
    deaf = [one for one in _EVENTS if found and one not in found[0].events]
    if deaf and github.mode == "work":
        yield Said(f"github: the App does not hear of {_list(deaf)}")
    yield from _of_others(github, found)


def _of_others(github: GitHub, found: "list[Granted]") -> Iterator[Said]:
    """Who installs an App that anybody may install has repositories of his served as ours are."""
    others = [one.owner for one in found[1:] if one.owner.lower() != one.maker.lower()]
    if others and found[0].maker and not github.repositories:
        yield Said(
            f"github: the App is installed by others than its owner ({_list(others)}), whose"
            " profiles are planned with the Hub's token and the registries' logins too; name the"
            " repositories, or let nobody else install it"
        )


def _needed(github: GitHub) -> Mapping[str, str]:
    if github.mode == "dispatch":
        return _ALWAYS
    return {**_WORK, "checks": "write"} if github.checks_of is not None else _WORK


def _beyond(these: Mapping[str, str], those: Mapping[str, str]) -> list[str]:
    """What these hold that those do not."""
    return [
        f"{name}: {level}"
        for name, level in sorted(these.items())
        if _level(level) > _level(those.get(name, ""))
    ]


def _level(name: str) -> int:
    return _LEVELS.index(name) if name in _LEVELS else -1


def _list(words: "tuple[str, ...] | list[str]") -> str:
    return ", ".join(words)[:_SHOWN] or "none"
