"""Speaks to the runner: its log, its workflow commands, its files for outputs and the summary.

Whatever comes from a profile, a model or a payload is foreign: it can neither start a command nor
end one (docs.github.com, "Workflow commands for GitHub Actions").
"""

import re
import secrets
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO

from replanner.errors import ReplannerError, UpstreamError

Level = Literal["debug", "info", "warning"]
# GitHub refuses a step's summary above 1 MiB.
MOST_SUMMARY_BYTES: Final = 900 * 1024
_LEVELS: Final[tuple[Level, ...]] = ("debug", "info", "warning")
# What stands before the first letter or digit, where a command would have its first colons.
_HEAD: Final = re.compile(r"[\W_]*")
_CUT: Final = "\n\n…\n\nThe summary was too long; the rest stands in the report.\n"


def escape_data(text: str) -> str:
    """A command's message: no line break ends it early."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """A command's parameter: nothing in it starts another one."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


@dataclass(slots=True)
class Runner:
    """The runner of this step. Without its files, outputs and summary go to the log."""

    log: TextIO
    output: Path | None = None
    summary: Path | None = None
    level: Level = "info"

    @classmethod
    def of(cls, env: Mapping[str, str], log: TextIO) -> "Runner":
        found = {name: env.get(name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        output, summary = (Path(path) if path else None for path in found.values())
        return cls(log, output, summary, "debug" if env.get("RUNNER_DEBUG") == "1" else "info")

    # --- the log

    def say(self, text: str, level: Level = "info") -> None:
        """One line; what is foreign in it stays on that line and is no command."""
        if _LEVELS.index(level) >= _LEVELS.index(self.level):
            self._line(_quiet(text))

    def command(self, name: str, text: str, **properties: str) -> None:
        """A workflow command, like ::warning file=a.yaml::message."""
        told = ",".join(f"{key}={escape_property(value)}" for key, value in properties.items())
        self._line(f"::{name}{f' {told}' if told else ''}::{escape_data(text)}")

    def complain(self, error: ReplannerError, *, path: str = "") -> None:
        """An error as the log shows it, with what to do about it."""
        level = "warning" if isinstance(error, UpstreamError) else "error"
        file = {"file": path} if path else {}
        self.command(level, error.in_full, **file, title="replanner")

    def warn(self, text: str) -> None:
        """What people should look at, though nothing failed."""
        self.command("warning", text, title="replanner")

    def notice(self, text: str) -> None:
        """What people should know, though nothing is wrong."""
        self.command("notice", text, title="replanner")

    def trace(self, error: BaseException) -> None:
        """Where a bug is, for the report."""
        self.foreign("Traceback", "".join(traceback.format_exception(error)))

    def raw(self, line: str) -> None:
        """A command that was written and escaped elsewhere."""
        self._line(line)

    def mask(self, secret: str) -> None:
        """Let the runner hide a secret wherever it appears in the log."""
        if secret:
            self.command("add-mask", secret)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Lines that the log shows folded."""
        self.command("group", title)
        try:
            yield
        finally:
            self._line("::endgroup::")

    def foreign(self, title: str, text: str) -> None:
        """Many lines of foreign text, in which the runner looks for no commands."""
        fence = secrets.token_hex(16)
        with self.group(title):
            self._line(f"::stop-commands::{fence}")
            for line in text.splitlines():
                self._line(line)
            self._line(f"::{fence}::")

    def _line(self, line: str) -> None:
        self.log.write(line + "\n")
        self.log.flush()

    # --- outputs and summary

    def outputs(self, values: Mapping[str, str]) -> None:
        """The step's outputs; a random delimiter no value can know."""
        if self.output is None:
            for name, value in values.items():
                self.say(f"output {name}: {value}")
            return
        fence = f"replanner_{secrets.token_hex(16)}"
        text = "".join(f"{name}<<{fence}\n{value}\n{fence}\n" for name, value in values.items())
        with self.output.open("a", encoding="utf-8") as file:
            file.write(text)

    def summarize(self, markdown: str) -> None:
        """Add to the step's summary what there is room for."""
        if self.summary is None:
            self.foreign("Summary", markdown)
            return
        with self.summary.open("ab") as file:
            room = MOST_SUMMARY_BYTES - file.tell()
            file.write(_fitting(markdown.rstrip() + "\n", room))


def _quiet(text: str) -> str:
    """A line of the log that is none of the runner's commands: those hold ##[, or begin with ::
    once blanks are trimmed (actions/runner, src/Runner.Common/ActionCommand.cs)."""
    flat = "".join(char if char.isprintable() else " " for char in text)
    flat = flat.replace("##[", "# #[")
    found = _HEAD.match(flat)
    # Marks that no culture compares may stand between the colons.
    return f"- {flat}" if found and found[0].count(":") > 1 else flat


def _fitting(text: str, room: int) -> bytes:
    data = text.encode("utf-8", "replace")
    if len(data) <= room:
        return data
    kept = room - len(_CUT.encode())
    if kept <= 0:
        return b""
    # Cut at a paragraph, or the rest of a table or fence would swallow what follows.
    whole = data[:kept].rpartition(b"\n\n")[0]
    return whole + _CUT.encode()
