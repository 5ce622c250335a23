"""What a host can show and how much of it: given by the front door, never guessed here."""

from typing import Literal, NamedTuple

from replanner.report.markdown import BUDGET_BYTES, blob_url, code, link
from replanner.report.review import Position, Review

Charts = Literal["mermaid", "unicode", "none"]
_LONGEST_PATH = 100


class Past(NamedTuple):
    """An earlier plan of the same pull request: its commit and what `sentence` said of it."""

    commit: str
    verdict: str


class Look(NamedTuple):
    """How a comment is to look.

    `charts` is what the host shows, `alerts` whether it knows `> [!CAUTION]`. Without
    `repository_url` nothing links to files.
    """

    budget_bytes: int = BUDGET_BYTES
    scope: str = "default"
    charts: Charts = "mermaid"
    alerts: bool = True
    repository_url: str = ""
    run_url: str = ""
    planner_version: str = ""
    history: tuple[Past, ...] = ()

    def file(self, review: Review, path: str, at: Position | int | None = None) -> str:
        """A file of the head, with a line where there is one, leading there if it can."""
        line = at.line if isinstance(at, Position) else at
        shown = code(f"{path}:{line}" if line else path, longest=_LONGEST_PATH)
        return self.linked(review, shown, path, line=line or 0)

    def linked(self, review: Review, text: str, path: str, *, line: int = 0) -> str:
        """Markdown that leads to a line of the head's file."""
        if len(path) > _LONGEST_PATH:
            return text
        url = blob_url(self.repository_url, review.head_commit, path)
        return link(text, f"{url}#L{line}" if url and line else url)
