"""Check runs on GitHub: those that this App wrote itself, one on a commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from replanner.forge.github.session import Answer, Session
from replanner.replan.ports import CheckRun
from replanner.report.annotations import Annotation, Severity
from replanner.report.check_run import MOST_REMARKS, NAME, Button, CheckText

_PAGE: Final = "100"
_LEVELS: Final[dict[Severity, str]] = {
    "error": "failure",
    "warning": "warning",
    "notice": "notice",
}
_LONGEST_REMARK_TITLE: Final = 255
_FINDING, _WRITING = "look for its check run", "write a check run"


class _App(Answer):
    id: int


class _Output(Answer):
    annotations_count: int = 0


class _Run(Answer):
    id: int
    name: str
    head_sha: str
    external_id: str | None = None
    conclusion: str | None = None
    app: _App | None = None
    output: _Output = _Output()


class _Runs(Answer):
    check_runs: tuple[_Run, ...]


class _Remark(Answer):
    path: str
    start_line: int
    annotation_level: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class GitHubChecks:
    """The port of check runs, for the App of that id: only Apps may write them."""

    session: Session
    app_id: int

    def find(self, commit: str) -> CheckRun | None:
        """The newest, which is the one that counts, should there be several. A check of the same
        name may be another App's or a workflow's."""
        query = {"check_name": NAME, "app_id": str(self.app_id), "filter": "all"}
        path = f"commits/{commit}/check-runs"
        found = self.session.get(
            _Runs, path, doing=_FINDING, query={**query, "per_page": _PAGE}
        ).check_runs
        ours = [one for one in found if self._is_ours(one, commit)]
        if not ours:
            return None
        run = max(ours, key=lambda one: one.id)
        count = run.output.annotations_count
        return CheckRun(run.id, run.external_id or "", run.conclusion or "", count)

    def create(self, commit: str, tag: str, text: CheckText) -> None:
        body = {"name": NAME, "head_sha": commit, **_body(tag, text, text.remarks)}
        self.session.rest("POST", "check-runs", doing=_WRITING, body=body)

    def update(self, run: CheckRun, tag: str, text: CheckText) -> None:
        """GitHub adds the remarks to those that are there, so only new ones are sent."""
        said = self._remarks(run) if run.remarks and text.remarks else set()
        new = [one for one in text.remarks if _key(_annotation(one)) not in said]
        path = f"check-runs/{run.id}"
        self.session.rest("PATCH", path, doing=_WRITING, body=_body(tag, text, new))

    def _is_ours(self, run: _Run, commit: str) -> bool:
        # Old servers do not know the parameter app_id; GitHub's description lets the App be null.
        by_us = run.app is None or run.app.id == self.app_id
        return by_us and run.name == NAME and run.head_sha == commit

    def _remarks(self, run: CheckRun) -> set[tuple[object, ...]]:
        path, doing = f"check-runs/{run.id}/annotations", "read its check run"
        listed = self.session.pages(_Remark, path, doing=doing, query={"per_page": _PAGE})
        return {_key(one.model_dump()) for one in listed}


def _body(tag: str, text: CheckText, remarks: Sequence[Annotation]) -> dict[str, object]:
    annotations = [_annotation(one) for one in remarks[:MOST_REMARKS]]
    output = {"title": text.title, "summary": text.summary}
    return {
        "external_id": tag,
        **_status(text),
        "output": {**output, "annotations": annotations} if annotations else output,
        "actions": _actions(text.buttons),
        **({"details_url": text.url} if text.url else {}),
    }


def _status(text: CheckText) -> dict[str, str]:
    if not text.conclusion:
        return {"status": "in_progress"}
    return {"status": "completed", "conclusion": text.conclusion}


def _actions(buttons: Iterable[Button]) -> list[dict[str, str]]:
    return [one._asdict() for one in buttons]


def _annotation(one: Annotation) -> dict[str, object]:
    return {
        "path": one.file,
        "start_line": one.line,
        "end_line": one.end_line,
        "annotation_level": _LEVELS[one.severity],
        "title": one.title[:_LONGEST_REMARK_TITLE],
        "message": one.message,
    }


def _key(one: dict[str, object]) -> tuple[object, ...]:
    return tuple(one[name] for name in ("path", "start_line", "annotation_level", "message"))
