"""What a source of webhooks is, and the one order in which every delivery is judged: does the
source exist, is the body small enough, who signed it, and only then what it says."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from replanner.errors import InputError
from replanner.webhooks.events import HookEvent

MIB: Final = 2**20
JSON: Final = frozenset({"application/json"})
Secrets = Sequence[bytes]
_CODING: Final = "content-encoding"


class Stored(Protocol):
    """A body that lies outside the memory, since who sent it may be anybody."""

    size: int

    def pieces(self) -> Iterable[bytes]: ...
    def whole(self) -> bytes: ...


class Request(NamedTuple):
    """A delivery as it came over the wire. `token` is what stood in the path, `now_s` the time it
    came (Unix seconds); where the body is `stored`, `body` is empty until somebody has signed."""

    headers: Sequence[tuple[str, str]]
    body: bytes
    now_s: float
    token: str = ""
    stored: Stored | None = None

    def pieces(self) -> Iterable[bytes]:
        """The body, for whoever can do with a part at a time."""
        return self.stored.pieces() if self.stored else (self.body,)

    def size(self) -> int:
        return self.stored.size if self.stored else len(self.body)

    def loaded(self) -> "Request":
        """With its whole body in memory."""
        if self.stored is None:
            return self
        return self._replace(body=self.stored.whole(), stored=None)

    def header(self, name: str) -> str:
        """A header that was sent exactly once; else empty, since two may be read in two ways."""
        found = [value for key, value in self.headers if key.lower() == name]
        return found[0] if len(found) == 1 else ""


class Refusal(NamedTuple):
    """Why a delivery is not taken: an HTTP status, and a sentence for the log (not the answer)."""

    status: int
    reason: str


class Found(NamedTuple):
    """What a verified delivery says. `key` tells it from others of its source, the same for a
    repetition; `note` says why there are no events, or what is odd."""

    key: str
    events: tuple[HookEvent, ...] = ()
    note: str = ""


class Received(NamedTuple):
    """A delivery to be stored; `secret` is the place of the secret that verified it."""

    delivery_key: str
    events: tuple[HookEvent, ...]
    note: str = ""
    secret: int = 0


Verify = Callable[[Request, Secrets], int | Refusal]
Understand = Callable[[Request], Found]


class Source(NamedTuple):
    """One sender: how it proves itself, and what its deliveries mean (InputError: nothing that is
    understood). `in_path`: it can't sign, so its secret is a part of the path."""

    name: str
    verify: Verify
    understand: Understand
    most_bytes: int = MIB
    media_types: frozenset[str] = JSON
    in_path: bool = False

    def read(self, request: Request, secrets: Secrets) -> Received | Refusal:
        """What the delivery says, or why it is refused. Never raises, whatever a stranger sends."""
        usable = [secret for secret in secrets if secret]
        refused = self._before_reading(request, usable)
        if refused:
            return refused
        verified = self.verify(request, usable)
        if isinstance(verified, Refusal):
            return verified
        if refused := self._unreadable(request):
            return refused
        try:
            found = self.understand(request.loaded())
        except InputError as error:
            return Refusal(422, error.message)
        return Received(found.key, found.events, found.note, verified)

    def _before_reading(self, request: Request, secrets: Secrets) -> Refusal | None:
        if not secrets:
            return Refusal(404, f"the source {self.name} has no secret, so it does not exist")
        if request.size() > self.most_bytes:
            return Refusal(413, f"the body is larger than the {self.most_bytes} bytes allowed")
        return None

    def _unreadable(self, request: Request) -> Refusal | None:
        codings = [value.lower() for key, value in request.headers if key.lower() == _CODING]
        if any(coding != "identity" for coding in codings):
            return Refusal(415, "the body is compressed, which no sender is known to do")
        if self.media_types and media_type(request) not in self.media_types:
            return Refusal(415, f"the body is none of {', '.join(sorted(self.media_types))}")
        return None


def media_type(request: Request) -> str:
    return request.header("content-type").partition(";")[0].strip().lower()
