"""What happened in a repository, as plain values: all that deciding what a run does may look at."""

from typing import NamedTuple

# Every trigger that a workflow of ours may have; another one is a mistake in the workflow.
SUPPORTED = (
    "pull_request",
    "pull_request_target",
    "merge_group",
    "push",
    "schedule",
    "workflow_dispatch",
    "repository_dispatch",
    "issue_comment",
    "workflow_run",
    "release",
    "registry_package",
)


class PullFacts(NamedTuple):
    """A pull request as an event tells it; a comment's event knows only number, author, body, so
    front doors ask the forge for its head.

    `head_repository` is empty where the fork is gone. `head_before` is the commit that it ended in
    until now, `base_before` the branch that it was for, where that is what happened.
    """

    number: int
    author: str = ""
    body: str = ""
    merged: bool = False
    closed: bool = False
    base: str = ""
    base_commit: str = ""
    head: str = ""
    head_commit: str = ""
    head_repository: str = ""
    head_before: str = ""
    base_before: str = ""


class Event(NamedTuple):
    """One event. `actor` set it off; `label` was put on just now; `body_before` is what an edit
    replaced. `base` and `head` are the commits before and after it, where it has any; `run_*`
    tell of the run that a `workflow_run` speaks of, `check_*` of the check whose button was
    pressed, and `check_app` of the App that made it: `button` is the identifier that we gave it,
    empty for "Re-run"."""

    name: str
    repository: str
    action: str = ""
    default_branch: str = ""
    actor: str = ""
    ref: str = ""
    deleted: bool = False
    base: str = ""
    head: str = ""
    pull: PullFacts | None = None
    label: str = ""
    body_before: str | None = None
    comment: str = ""
    comment_id: int | None = None
    commenter: str = ""
    run_event: str = ""
    run_commit: str = ""
    run_repository: str = ""
    check_id: int | None = None
    check_app: int | None = None
    check_name: str = ""
    check_tag: str = ""
    button: str = ""

    @property
    def is_fork(self) -> bool:
        """Does the pull request come from another repository, or from one that is gone?"""
        return self.pull is not None and self.pull.head_repository != self.repository

    @property
    def branch(self) -> str:
        """The branch that was pushed to; empty for tags."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""
