"""Dead letters: the jobs that were set aside, and how one is tried again."""

import json
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dbos import DBOSClient, WorkflowStatus

from replanner.errors import InputError
from replanner.server.census import DEAD
from replanner.server.store import COALESCE, INGEST, REPLAN, VERSION

_MOST: Final = 1000


class DeadLetter(NamedTuple):
    """A job that was set aside: its id, its stage, since when, and why."""

    id: str
    stage: str
    since_ms: int
    why: str
    repository: str = ""


def dead_letters(client: DBOSClient) -> list[DeadLetter]:
    """The newest first; those that were tried again are not dead."""
    found = client.list_workflows(
        status=list(DEAD),
        name=[INGEST, COALESCE, REPLAN],
        was_forked_from=False,
        sort_desc=True,
        limit=_MOST,
    )
    return [_letter(each) for each in found]


def retry(client: DBOSClient, ids: Sequence[str]) -> list[str]:
    """Try these again from their start; all of them are looked at before one is touched."""
    known = {each.id: each for each in dead_letters(client)}
    for name in ids:
        if name not in known:
            raise InputError(
                f"no dead letter has the id {name!r}.", hint="`replanner dead list` shows them."
            )
    return list(_again(client, [known[name] for name in ids]))


def _again(client: DBOSClient, letters: Sequence[DeadLetter]) -> Iterator[str]:
    for each in letters:
        copy = client.fork_workflow(
            each.id,
            1,
            application_version=VERSION,
            queue_name=each.stage,
            queue_partition_key=each.repository or None,
        )
        yield copy.workflow_id


def _letter(found: WorkflowStatus) -> DeadLetter:
    target = _first_argument(found)
    repository = target.get("repository") if isinstance(target, dict) else None
    return DeadLetter(
        found.workflow_id,
        found.name or "",
        found.updated_at or 0,
        _why(found),
        str(repository) if repository and found.name == REPLAN else "",
    )


def _first_argument(found: WorkflowStatus) -> object:
    # What cannot be read, DBOS gives as the text in the row.
    arguments = found.input["args"] if isinstance(found.input, dict) else ()
    return arguments[0] if arguments else None


def _why(found: WorkflowStatus) -> str:
    if found.status != "ERROR":
        return "workers died of it too often"
    # DBOS gives the error itself, or the text in the row where it cannot read that.
    text = str(found.error or "no reason was kept")
    try:
        told = json.loads(text)
    except ValueError:
        return text
    return str(told.get("message", text)) if isinstance(told, dict) else text
