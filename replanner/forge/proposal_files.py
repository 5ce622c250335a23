"""Pull requests as Markdown files with front matter, for people to read and to close."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from replanner.errors import InputError
from replanner.planning.stored import is_inside
from replanner.propose import Content, Shown, read_state
from replanner.propose.groups import PREFIX

ShownState = Literal["open", "closed", "merged"]
_STATES: Mapping[object, ShownState] = {"open": "open", "closed": "closed", "merged": "merged"}
_FENCE = "---\n"
_LARGEST = 1024**2


@dataclass(frozen=True, slots=True)
class ProposalFiles:
    """The folder of proposals: one file a branch, named like it without the usual prefix."""

    folder: Path

    def path(self, branch: str) -> Path:
        if not is_inside(branch):
            raise InputError(f"{branch[:100]!r} is no name for a branch.")
        return self.folder / f"{branch.removeprefix(PREFIX)}.md"

    def read_all(self) -> list[Shown]:
        found = [self._read(file) for file in sorted(self.folder.rglob("*.md"))]
        return [shown for shown in found if shown is not None]

    def write(self, content: Content, *, state: ShownState) -> None:
        front = {
            "title": content.title,
            "state": state,
            "branch": content.branch,
            "base": content.base,
            "labels": list(content.labels),
            "draft": content.draft,
        }
        self._write(front, content.body)

    def rewrite(self, shown: Shown, body: str, *, state: ShownState) -> None:
        """The same proposal in another state."""
        front, _ = _split(self._text(self.path(shown.branch)))
        self._write({**front, "state": state}, body)

    def as_state(self, shown: Shown, state: ShownState) -> Shown:
        """How a proposal is seen, whatever its file says yet."""
        return replace(shown, state=state)

    def _write(self, front: Mapping[str, object], body: str) -> None:
        path = self.path(str(front["branch"]))
        state = read_state(body)
        told = {**front, "plan": state.digest if state else ""}
        lines = [f"{key}: {json.dumps(told[key], ensure_ascii=False)}\n" for key in sorted(told)]
        _write_atomically(path, "".join([_FENCE, *lines, _FENCE, "\n", body.rstrip(), "\n"]))

    def _read(self, file: Path) -> Shown | None:
        front, body = _split(self._text(file))
        branch, labels = front.get("branch"), front.get("labels")
        written = front.get("state")
        state = _STATES.get(written) if isinstance(written, str) else None
        if state is None or not isinstance(branch, str):
            return None
        if not is_inside(branch) or self.path(branch) != file:
            return None
        return Shown(
            id=branch,
            branch=branch,
            state=state,
            title=str(front.get("title", "")),
            body=body,
            labels=tuple(map(str, labels)) if isinstance(labels, list) else (),
            draft=front.get("draft") is True,
        )

    def _text(self, file: Path) -> str:
        try:
            with file.open("rb") as opened:
                return opened.read(_LARGEST).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError as error:
            raise InputError(f"{file}: cannot be read: {error.strerror}") from None


def _split(text: str) -> tuple[dict[str, object], str]:
    """Front matter and body; people may have edited both."""
    if not text.startswith(_FENCE):
        return {}, text
    head, fence, body = text[len(_FENCE) :].partition("\n" + _FENCE)
    if not fence:
        return {}, text
    pairs = (line.partition(":") for line in head.splitlines())
    return {key.strip(): _value(written.strip()) for key, _, written in pairs}, body.lstrip("\n")


def _value(written: str) -> object:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written


def _write_atomically(path: Path, text: str) -> None:
    """Readers see the old file or the new one, never half of one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
                out.write(text)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
