"""Says what the durable jobs ask of the work, and what crosses the seam: plain JSON both ways."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

Json = Mapping[str, object]

# The event that no sender sends: time has passed, so look at all there is. It comes when a worker
# starts and every `reconcile_minutes`, and finds what was never received.
EVERYTHING: Final[Json] = {"kind": "everything"}


class Target(NamedTuple):
    """One thing to bring up to date because of an event.

    Targets with the same `key` (unique over repositories: put its name into it) are gathered for
    a while and the newest is worked on, so `payload` may hold hints but nothing that only the
    older ones knew. An empty key is worked on at once and never gathered: a person waits for it.
    Of one `repository` no two are worked on at the same time.
    """

    kind: str
    key: str
    repository: str
    payload: dict[str, object]

    def to_json(self) -> dict[str, object]:
        return self._asdict()

    @classmethod
    def from_json(cls, found: Json) -> "Target":
        """What `to_json` wrote; only our own code writes it, so what is missing is a bug."""
        payload = found["payload"]
        if not isinstance(payload, dict):
            raise TypeError("a target's payload is an object")
        kind, key, repository = (str(found[name]) for name in ("kind", "key", "repository"))
        return cls(kind, key, repository, payload)


class Work(Protocol):
    """What is done about an event; `replanner.server.work.make_work(settings)` makes the real one.
    Both are called again after a crash or a failure, at any time, so what they do to the world
    must be safe to do twice. They are called from several threads at once.

    RateLimited is waited for (its `retry_after_s`), any other UpstreamError is tried again with
    growing pauses; every other error sets the job aside as a dead letter. Answers are kept in the
    store: small, JSON, and no secrets. The same holds for what an error says.
    """

    def targets(self, event: Json) -> Sequence[Target]:
        """Who is concerned by an event (`webhooks.events.to_json`, or EVERYTHING); none: nothing
        to do."""
        ...

    def run(self, target: Json) -> dict[str, object]:
        """Bring one target up to date from the newest state; a short account of what was done."""
        ...
