"""Keeps what registries said, for as long as they say that it has not changed (ETag)."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_MOST_BYTES: Final = 16 * 2**20


class Answer(NamedTuple):
    """What a registry said; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    challenges: tuple[str, ...]
    body: bytes


@dataclass
class Memory:
    """Answers by address, the ones not asked for the longest forgotten first. Losing one costs a
    longer answer. Safe between threads."""

    most_bytes: int = _MOST_BYTES
    _kept: "OrderedDict[str, Answer]" = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, url: str) -> Answer | None:
        with self._lock:
            if url in self._kept:
                self._kept.move_to_end(url)
            return self._kept.get(url)

    def keep(self, url: str, answer: Answer) -> None:
        """Only what the registry can be asked about again."""
        with self._lock:
            old = self._kept.pop(url, None)
            self._bytes -= len(old.body) if old else 0
            if answer.headers.get("etag"):
                self._kept[url] = answer
                self._bytes += len(answer.body)
            while self._bytes > self.most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1].body)
