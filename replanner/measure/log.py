"""Decides what a vLLM start-up log says: figures, settings and how the start ended.

Any text may come in: lines of other programs, cut ones, escapes, prefixes of Docker, Kubernetes
or journald. Nothing is anchored to a line's start, nothing raises, and work is linear in the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from replanner.measure.lines import FIGURES, PATTERNS, WORTH_READING
from replanner.measure.refusals import error, is_end, refusal
from replanner.measure.seen import Refusal, Seen, Setting, State

LONGEST_LINE: Final = 32 * 1024  # the line with the configuration has about six thousand
_MOST_VALUES: Final = 4096  # of one figure: ranks and engines
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]|\\u001b\[[0-9;]{0,20}m")

_VERSION: Final = r"([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4})[A-Za-z0-9.+]{0,60}"
# A server's first words; up to 0.10 "vLLM API server version", then a banner (common/startup.py).
_BANNER: Final = re.compile(rf"(?:vLLM (?:API )?server version |█  version ){_VERSION}")
_ENGINE: Final = re.compile(rf"Initializing an? (?:V[01] )?LLM engine \(v{_VERSION}\)")
_SECOND_ENGINE: Final = re.compile(r"EngineCore_(?:DP)?[1-9]")
_STARTED: Final = re.compile(
    r"Application startup complete|Uvicorn running on|Starting vLLM (?:API )?server"
    r"|init engine \(profile, create kv cache"
)
_DATE: Final = re.compile(
    r"\b(20[0-9]{2}-[01][0-9]-[0-3][0-9])[T ][0-2][0-9]:"
    r"|\b(?:INFO|DEBUG|WARNING) ([01][0-9]-[0-3][0-9]) [0-2][0-9]:"
)
_GPU: Final = re.compile(r"device_name=([A-Za-z0-9_-]{2,60})")
_MODEL: Final = re.compile(r"[( ',]model(?:=|': )'([^'\s]{1,300})'")

# Settings by the engine's names for them, and the words of the lines that hold them.
_WORD: Final = r"'?([A-Za-z0-9_.+-]{1,64})"
_CONFIGURED: Final = (
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "data_parallel_size",
    "dtype",
    "kv_cache_dtype",
    "enforce_eager",
)
_ASKED: Final = (
    *_CONFIGURED,
    "gpu_memory_utilization",
    "max_num_seqs",
    "max_num_batched_tokens",
    "block_size",
    "enable_expert_parallel",
    "kv_cache_memory_bytes",
    "num_gpu_blocks_override",
)
_ALONE: Final = (
    (re.compile(r"Using max model len ([0-9]{1,12})"), "max_model_len"),
    (re.compile(r"Auto-fit max_model_len: .{0,80}? to ([0-9]{1,12}) to fit"), "max_model_len"),
    (re.compile(r"max_seq_len=([0-9]{1,12})"), "max_model_len"),
    (
        re.compile(r"with max_num_batched_tokens ?= ?([0-9]{1,12})"),
        "max_num_batched_tokens",
    ),
    (
        re.compile(r"Defaulting max_num_batched_tokens to ([0-9]{1,12})"),
        "max_num_batched_tokens",
    ),
    (re.compile(r"Defaulting max_num_seqs to ([0-9]{1,12})"), "max_num_seqs"),
)


def _settings_in(names: Iterable[str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"(?<![a-z_]){name}'?(?:=|: ){_WORD}"), name) for name in names)


_IN_CONFIG: Final = _settings_in(_CONFIGURED)
_IN_ARGUMENTS: Final = _settings_in(_ASKED)


def read_log(text: str) -> Seen:
    """The last start in a log that got anywhere."""
    starts = [_Start()]
    for line in _lines(text):
        if starts[-1].ends_before(line):
            starts.append(_Start())
        starts[-1].read(line)
    told = [start for start in starts if start.has_news] or starts[-1:]
    return told[-1].seen(of=len(told))


def _lines(text: str) -> Iterator[str]:
    """The lines that may hold something; progress bars return the carriage instead of ending."""
    for line in re.split(r"[\r\n]", text):
        if WORTH_READING.search(line, 0, LONGEST_LINE):
            yield _ESCAPE.sub("", line[:LONGEST_LINE])


@dataclass(slots=True)
class _Start:
    """One start of a server, as far as it has been read."""

    version: str = ""
    model: str = ""
    gpu: str = ""
    date: str = ""
    state: State = "unknown"
    refusal: Refusal | None = None
    error: str = ""
    asked: dict[str, Setting] = field(default_factory=dict)
    configured: dict[str, Setting] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def has_news(self) -> bool:
        return bool(self.values) or self.state != "unknown"

    def ends_before(self, line: str) -> bool:
        """Does another start begin here? Engines of one server begin one after the other."""
        if self.has_news and _BANNER.search(line):
            return True
        over = self.state != "unknown"
        return over and bool(_ENGINE.search(line)) and not _SECOND_ENGINE.search(line)

    def read(self, line: str) -> None:
        self._identity(line)
        self._figures(line)
        self._settings(line)
        self._end(line)

    def _identity(self, line: str) -> None:
        if found := _BANNER.search(line) or _ENGINE.search(line):
            self.version = found[1]
            self.model = self.model or _first(_MODEL, line)
        if not self.date and (date := _DATE.search(line)):
            self.date = date[1] or date[2]
        self.gpu = self.gpu or _first(_GPU, line)

    def _figures(self, line: str) -> None:
        for pattern in PATTERNS:
            if found := pattern.search(line):
                for name, value in found.groupdict().items():
                    kept = self.values.setdefault(name, [])
                    if len(kept) < _MOST_VALUES:
                        kept.append(float(value.replace(",", "")))

    def _settings(self, line: str) -> None:
        for pattern, name in _ALONE:
            if found := pattern.search(line):
                self.configured[name] = int(found[1])
        if _ENGINE.search(line):
            # Behind the compiler's options stand names that are used there as well.
            head = line.partition("compilation_config")[0]
            self.configured |= _settings(_IN_CONFIG, head)
        elif "args: " in line:
            self.model = self.model or _first(_MODEL, line)
            self.asked |= _settings(_IN_ARGUMENTS, line)

    def _end(self, line: str) -> None:
        if self.state == "started":
            if (lost := refusal(line)) and lost.code == "out_of_memory":
                self._note(f"After it had started: {lost.message}")
            return
        if found := refusal(line):
            self.state, self.refusal = "refused", self.refusal or found
        elif _STARTED.search(line) and self.state == "unknown":
            self.state = "started"
        elif is_end(line):
            self.state = "refused"
        self.error = self.error or error(line)

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes and len(self.notes) < 10:  # noqa: PLR2004 - to be read
            self.notes.append(sentence)

    def seen(self, *, of: int) -> Seen:
        figures = {name: FIGURES[name][1](found) for name, found in self.values.items()}
        lost = self.refusal
        if self.state == "refused" and lost is None:
            lost = Refusal("other", self.error or "vLLM does not say why in these lines")
        notes = [f"{of} starts are in the log; the last one is told."] if of > 1 else []
        return Seen(
            version=self.version,
            model=self.model,
            gpu=self.gpu.replace("_", " "),
            date=self.date,
            state=self.state,
            refusal=lost,
            settings={**self.asked, **self.configured},
            figures=figures,
            notes=(*notes, *self.notes),
        )


def _first(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    return found[1] if found else ""


def _settings(patterns: Iterable[tuple[re.Pattern[str], str]], text: str) -> dict[str, Setting]:
    found = ((name, pattern.search(text)) for pattern, name in patterns)
    read = {name: setting(one[1]) for name, one in found if one}
    return {name: value for name, value in read.items() if value is not None}


_WORDS: Final = {"True": True, "False": False}
_INTEGER: Final = re.compile("[0-9]{1,12}")
_FRACTION: Final = re.compile(r"[0-9]{0,3}\.[0-9]{1,12}")


def setting(word: str) -> Setting | None:
    """A value as Python wrote it; None for what was left to vLLM."""
    if word in ("None", ""):
        return None
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    return float(word) if _FRACTION.fullmatch(word) else word.removeprefix("torch.")
