"""What we last did, hidden in a pull request's body at the head of the fenced part that is ours."""

import base64
import binascii
import json
import re
from dataclasses import asdict, dataclass

_BEGIN = "<!-- replanner:begin -->"
_END = "<!-- replanner:end -->"
_STATE = re.compile(r"<!-- replanner:state ([A-Za-z0-9_=-]{1,8192}) -->")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class State:
    """`head` is the last commit that we pushed; title, labels and draft are as we set them last.

    `asked` is the digest of the content that the forge was asked to merge by itself, `refusal` its
    answer where it would not. `spent`: people were told that nothing is left of it.
    """

    group: str
    digest: str
    head: str
    title: str
    labels: tuple[str, ...] = ()
    draft: bool = False
    infeasible: bool | None = None
    follows: str = ""
    asked: str = ""
    refusal: str = ""
    spent: bool = False
    closed: bool = False


def read_state(body: str) -> State | None:
    """The hidden state, None where there is none or it cannot be read."""
    found = _STATE.search(inside(body))
    if found is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(found[1]))
    except (binascii.Error, UnicodeDecodeError, ValueError, RecursionError):
        return None
    return _state(values)


# What may stand under each name; the labels are checked one by one.
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("group", "digest", "head", "title", "follows", "asked", "refusal"), str),
    **dict.fromkeys(("draft", "spent", "closed"), bool),
    "infeasible": (bool, type(None)),
    "labels": list,
}


def _state(values: object) -> State | None:
    if not isinstance(values, dict) or values.pop("v", None) != _VERSION:
        return None
    known = {name: values[name] for name in _KINDS if name in values}
    if not all(isinstance(value, _KINDS[name]) for name, value in known.items()):
        return None
    try:
        return State(**{**known, "labels": tuple(map(str, known.get("labels", ())))})
    except TypeError:  # one that is needed is missing
        return None


def region(text: str, state: State) -> str:
    """Our part of a body. The state comes first, so that no truncation eats it."""
    values = json.dumps({"v": _VERSION, **asdict(state)}, sort_keys=True)
    hidden = base64.urlsafe_b64encode(values.encode()).decode()
    return f"{_BEGIN}\n<!-- replanner:state {hidden} -->\n\n{text.strip()}\n\n{_END}"


def inside(body: str) -> str:
    """Our part of a body without its fence, empty where there is none."""
    start = body.find(_BEGIN)
    end = body.find(_END, start)
    return body[start + len(_BEGIN) : end] if 0 <= start < end else ""


def words(body: str) -> str:
    """Our part as people read it."""
    return _STATE.sub("", inside(body)).strip()


def around(body: str, ours: str) -> str:
    """Our part put in place of the one in `body`, or below it where there is none."""
    start = body.find(_BEGIN)
    end = body.find(_END, start)
    if not 0 <= start < end:
        return f"{body.rstrip()}\n\n{ours}\n".lstrip()
    return body[:start] + ours + body[end + len(_END) :]
