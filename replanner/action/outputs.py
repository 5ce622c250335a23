"""The outputs of a run: all of them, whatever it did, as later steps read them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from replanner.planning.record import document, identity
from replanner.propose.shapes import digest_of
from replanner.replan.gate import worst_level
from replanner.replan.judge import Judged
from replanner.replan.outcome import Operation, Published, Replanned
from replanner.replan.talk import Told
from replanner.report.review import Review

# GitHub takes 1 MB of outputs a job: docs.github.com, "Passing information between jobs". There are
# two lists, and other steps have outputs too.
_MOST_PATHS: Final = 1000
_MOST_LIST_BYTES: Final = 300_000
_OPERATIONS: Final[tuple[Operation, ...]] = (
    "blocked-by-settings",
    "skipped-modified",
    "created",
    "updated",
    "closed",
    "skipped-limit",
    "unchanged",
    "none",
)
_NO_PULL: Final = {"number": "", "url": "", "branch": "", "head-sha": "", "operation": "none"}
# Name, what it is, and its value where a run has nothing to say of it.
TABLE: Final[Mapping[str, tuple[str, str]]] = {
    "verdict": (
        "safe, ok, warning, policy, infeasible, unknown, or none where no profile is concerned.",
        "none",
    ),
    "profiles-total": ("How many profiles there are.", "0"),
    "profiles-changed": ("How many come out differently.", "0"),
    "profiles-infeasible": ("How many do not fit.", "0"),
    "profiles-unknown": ("How many could not be planned.", "0"),
    "changed-profiles": ("JSON array of the paths of those that changed.", "[]"),
    "pull-request-number": (
        "Number of replanner's pull request; of several, the one to look at.",
        "",
    ),
    "pull-request-url": ("Its address.", ""),
    "pull-request-branch": ("Its branch.", ""),
    "pull-request-head-sha": ("Its commit.", ""),
    "pull-request-operation": (
        (
            "created, updated, closed, unchanged, skipped-modified, skipped-limit,"
            " blocked-by-settings or none."
        ),
        "none",
    ),
    "pull-requests": ("JSON array of replanner's pull requests, as the run left them.", "[]"),
    "pull-request-commits-verified": ("Whether GitHub signs what the run pushed.", "false"),
    "comment-id": ("Id of the comment that stands.", ""),
    "comment-url": ("Its address.", ""),
    "comment-operation": (
        "created, updated, unchanged, skipped-stale, skipped-readonly or none.",
        "none",
    ),
    "report-path": ("The machine-readable report, in the workspace.", ""),
    "sarif-path": ("The SARIF report, in the workspace.", ""),
    "plan-digest": ("Tells this outcome from another, for caches and tests.", ""),
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a run came to: its exit code, and the outputs that it has something to say of."""

    exit_code: int = 0
    outputs: Mapping[str, str] = field(default_factory=dict)

    def all_outputs(self) -> dict[str, str]:
        return {name: self.outputs.get(name, usual) for name, (_, usual) in TABLE.items()}


def of_review(review: Review) -> dict[str, str]:
    changed = [one.path for one in review.profiles if one.kind in ("new", "removed", "changed")]
    levels = [one.level for one in review.profiles]
    return {
        "verdict": review.verdict,
        "profiles-total": str(sum(one.kind != "removed" for one in review.profiles)),
        "profiles-changed": str(len(changed)),
        "profiles-infeasible": str(levels.count("infeasible")),
        "profiles-unknown": str(levels.count("unknown")),
        "changed-profiles": _listed(changed[:_MOST_PATHS]),
        "plan-digest": review.digest,
    }


def of_comment(told: Told) -> dict[str, str]:
    return {
        "comment-operation": told.operation,
        "comment-id": str(told.comment.id) if told.comment else "",
        "comment-url": told.comment.url if told.comment else "",
    }


def of_replanned(runs: Iterable[Replanned]) -> dict[str, str]:
    """Of one run or more, each to a base of its own."""
    runs = tuple(runs)
    judged = [one for run in runs for one in run.judged]
    removed = [one for one in judged if one.change and one.change.kind == "removed"]
    changed = [one.path for one in judged if one.change]
    levels = [level for run in runs for level in run.levels]
    # A dry run has none: what it would do stands in the summary.
    requests = [one for run in runs if not run.dry_run for one in run.published]
    return {
        "verdict": worst_level(levels),
        "profiles-total": str(len(judged) - len(removed)),
        "profiles-changed": str(len(changed)),
        "profiles-infeasible": str(levels.count("infeasible")),
        "profiles-unknown": str(levels.count("unknown")),
        "changed-profiles": _listed(changed[:_MOST_PATHS]),
        **{f"pull-request-{key}": text for key, text in _main(requests).items()},
        "pull-requests": _listed([_request(one) for one in requests]),
        "plan-digest": _digest(judged),
    }


def _listed(items: Sequence[object]) -> str:
    """A JSON array of as many as there is room for. JSON is ASCII here: a character is a byte."""
    sizes = accumulate(len(json.dumps(one)) + len(", ") for one in items)
    return json.dumps(items[: sum(size <= _MOST_LIST_BYTES for size in sizes)])


def _digest(judged: Iterable[Judged]) -> str:
    """Of all plans as they are now, whatever the commits."""
    plans = {one.path: record for one in judged if (record := one.new or one.old)}
    return digest_of({path: identity(document(plan)) for path, plan in plans.items()})


def _main(requests: Iterable[Published]) -> Mapping[str, str]:
    """The one that people should look at first."""
    first = min(
        requests,
        key=lambda one: (not one.infeasible, _OPERATIONS.index(one.operation)),
        default=None,
    )
    return _request(first) if first else _NO_PULL


def _request(one: Published) -> dict[str, str]:
    return {
        "number": str(one.number or ""),
        "url": one.url,
        "branch": one.branch,
        "head-sha": one.head,
        "operation": one.operation,
    }
