"""Decides which writes make the one comment below a pull request right: what marks it as ours, when
to keep silent, and that an older run never overwrites a newer one."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from replanner.propose.shapes import Comment

CommentMode = Literal["update", "recreate", "off"]
CommentOn = Literal["always", "changes", "warnings", "failures", "never"]
Silence = Literal["off", "stale", "silent", "unknown", "unchanged"]

_SHA: Final = r"[0-9a-f]{7,64}"
# Anchored: a comment that quotes ours, or tells of it further down, is somebody's own.
_MARKER: Final = re.compile(
    r"\A<!-- replanner:comment v=1 scope=([A-Za-z0-9_.~%-]+)"
    rf" head=({_SHA}) base=({_SHA}) plan=([0-9A-Za-z:]*) seq=([0-9]{{1,18}}) -->\r?(?:\n|\Z)"
)
_MEMORY: Final = re.compile(r"^<!-- replanner:plans ([A-Za-z0-9+/=]{1,8192}) -->\r?$", re.MULTILINE)
_LONGEST_SCOPE: Final = 200
_LONGEST_LINE: Final = 300
_KEPT: Final = 3
_FAILED: Final = frozenset({"infeasible", "policy"})
_UNKNOWN: Final = "unknown"


class Past(NamedTuple):
    """What a pull request once came to; `line` is plain text of ours and of profiles' names."""

    head: str
    verdict: str
    line: str


@dataclass(frozen=True, slots=True)
class WantedComment:
    """What the comment should tell of, and how it may be told.

    `seq` grows from run to run. `digest` is the review's, commits apart; `news`: the pull request
    changes something; `blocked`: the gate is closed.
    """

    head: str
    base: str
    digest: str
    verdict: str
    line: str = ""
    news: bool = True
    blocked: bool = False
    seq: int = 0
    scope: str = "default"
    mode: CommentMode = "update"
    on: CommentOn = "changes"


class Marker(NamedTuple):
    """The first line of a comment of ours."""

    scope: str
    head: str
    base: str
    digest: str
    seq: int


@dataclass(frozen=True, slots=True)
class Add:
    body: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    comment: Comment
    body: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a duplicate of our own."""

    comment: Comment


@dataclass(frozen=True, slots=True)
class Minimize:
    """Fold an own comment that a newer one replaces."""

    comment: Comment


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is said; `comment` is the one that stands."""

    reason: Silence
    comment: Comment | None = None


CommentStep = Add | Rewrite | Remove | Minimize | Skip


class _Own(NamedTuple):
    comment: Comment
    marker: Marker

    @property
    def age(self) -> tuple[int, int]:
        return self.marker.seq, self.comment.id


def read_marker(body: str) -> Marker | None:
    """What the first line says, None where it is no marker of ours."""
    found = _MARKER.match(body)
    return Marker(found[1], found[2], found[3], found[4], int(found[5])) if found else None


def history(wanted: WantedComment, seen: Iterable[Comment]) -> tuple[Past, ...]:
    """The last plans before this one, newest first; where old comments stay, they tell it."""
    own = _own(wanted, seen)
    if wanted.mode == "recreate" or not own:
        return ()
    last = max(own, key=lambda one: one.age)
    now, past = _read_memory(last.comment.body)
    if now is None or now.verdict == _UNKNOWN or last.marker.digest == wanted.digest:
        return past
    return (now, *past)[:_KEPT]


def preamble(wanted: WantedComment, past: Sequence[Past]) -> str:
    """The hidden lines before the text: whose comment it is, and what earlier ones said."""
    marker = (
        f"<!-- replanner:comment v=1 scope={_encoded(wanted.scope)} head={wanted.head}"
        f" base={wanted.base} plan={wanted.digest} seq={wanted.seq} -->"
    )
    now = Past(wanted.head, wanted.verdict, _flat(wanted.line))
    return f"{marker}\n{_written_memory(now, past)}\n\n"


def steps(
    wanted: WantedComment, seen: Sequence[Comment], *, text: str, head: str
) -> list[CommentStep]:
    """What is to be done, in order; `head` is where the pull request stands now.

    Running it and asking again gives no step that writes.
    """
    own = _own(wanted, seen)
    if silence := _silence(wanted, own, head):
        return [Skip(silence, own[0].comment if own else None)]
    body = preamble(wanted, history(wanted, seen)) + text.strip() + "\n"
    return _recreated(own, body) if wanted.mode == "recreate" else _updated(own, body)


def _silence(wanted: WantedComment, own: Sequence[_Own], head: str) -> Silence | None:
    rules: tuple[tuple[Silence, bool], ...] = (
        ("off", wanted.mode == "off" or wanted.on == "never"),
        ("stale", wanted.head != head or any(_is_newer(one, wanted) for one in own)),
        ("silent", not own and not _speaks(wanted)),
        # What could not be read this time is no reason to take back what was known of this commit.
        ("unknown", wanted.verdict == _UNKNOWN and any(_knows(one, wanted) for one in own)),
    )
    return next((reason for reason, applies in rules if applies), None)


def _is_newer(one: _Own, wanted: WantedComment) -> bool:
    # A higher number for another commit is of one that was forced away: ours is the current one.
    return one.marker.seq > wanted.seq and one.marker.head == wanted.head


def _knows(one: _Own, wanted: WantedComment) -> bool:
    now, _ = _read_memory(one.comment.body)
    same = (one.marker.head, one.marker.base) == (wanted.head, wanted.base)
    return same and now is not None and now.verdict != _UNKNOWN


def _speaks(wanted: WantedComment) -> bool:
    """Whether there is reason for a first comment; one that stands is always kept right."""
    failed = wanted.blocked or wanted.verdict in _FAILED
    return {
        "always": True,
        "changes": wanted.news,
        "warnings": failed or wanted.verdict in ("warning", _UNKNOWN),
        "failures": failed,
        "never": False,
    }[wanted.on]


def _updated(own: Sequence[_Own], body: str) -> list[CommentStep]:
    if not own:
        return [Add(body)]
    # The oldest stays: two runs that each find a duplicate then keep the same one.
    spare = [Remove(one.comment) for one in own[1:]]
    kept = own[0].comment
    if _same(kept.body, body):
        return [Skip("unchanged", kept), *spare]
    return [Rewrite(kept, body), *spare]


def _recreated(own: Sequence[_Own], body: str) -> list[CommentStep]:
    shown = [one for one in own if not one.comment.minimized]
    last = max(own, key=lambda one: one.age, default=None)
    if last and _same(last.comment.body, body):
        old = [Minimize(one.comment) for one in shown if one is not last]
        return [Skip("unchanged", last.comment), *old]
    return [Add(body), *(Minimize(one.comment) for one in shown)]


def _own(wanted: WantedComment, seen: Iterable[Comment]) -> list[_Own]:
    """Our comments of this scope, the oldest first; folded ones only where all are."""
    scope = _encoded(wanted.scope)
    marked = [_Own(one, mark) for one in seen if one.ours and (mark := read_marker(one.body))]
    mine = [one for one in marked if one.marker.scope == scope]
    mine.sort(key=lambda one: one.comment.id)
    return [one for one in mine if not one.comment.minimized] or mine[-1:]


def _same(old: str, new: str) -> bool:
    """Whether both come to the same review in the same words, whatever commits they name."""
    before, now = read_marker(old), read_marker(new)
    if before is None or now is None or before.digest != now.digest:
        return False
    return _words(old, before) == _words(new, now)


def _words(body: str, marker: Marker) -> str:
    text = _MEMORY.sub("", _MARKER.sub("", body, count=1), count=1).replace("\r\n", "\n")
    for name, commit in (("head", marker.head), ("base", marker.base)):
        text = text.replace(commit, name).replace(commit[:7], name)
    parts = text.strip().split("\n\n")
    # The grey lines at the end name commits, versions and the run: none of them is news.
    while parts and parts[-1].startswith("<sub>"):
        parts.pop()
    return "\n\n".join(parts).strip()


def _encoded(scope: str) -> str:
    """The scope as a word that ends no HTML comment."""
    return quote(scope, safe="", errors="replace").replace("--", "-%2D")[:_LONGEST_SCOPE]


def _flat(text: str) -> str:
    shown = "".join(char if char.isprintable() else " " for char in text[:_LONGEST_LINE])
    return " ".join(shown.split())


def _written_memory(now: Past, past: Sequence[Past]) -> str:
    text = json.dumps({"v": 1, "now": now, "past": past}, ensure_ascii=False)
    return f"<!-- replanner:plans {base64.b64encode(text.encode()).decode()} -->"


def _read_memory(body: str) -> tuple[Past | None, tuple[Past, ...]]:
    """What a comment remembers; people may have edited it, so all of it may be anything."""
    found = _MEMORY.search(body)
    if found is None:
        return None, ()
    try:
        values = json.loads(base64.b64decode(found[1], validate=True))
    except (binascii.Error, UnicodeDecodeError, ValueError, RecursionError):
        return None, ()
    if not isinstance(values, dict) or values.get("v") != 1:
        return None, ()
    past = values.get("past")
    read = [_past(one) for one in past] if isinstance(past, list) else []
    return _past(values.get("now")), tuple(one for one in read if one)[:_KEPT]


def _past(value: object) -> Past | None:
    match value:
        case [str(head), str(verdict), str(line)]:
            known = re.fullmatch(_SHA, head) and re.fullmatch("[a-z]{1,20}", verdict)
            return Past(head, verdict, _flat(line)) if known else None
        case _:
            return None
