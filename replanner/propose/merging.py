"""Decides whether a proposal may be merged without anybody's look at it, and if not, why not."""

from collections.abc import Collection, Iterable

from replanner.planning.diff import Change

# What moved outside the repository. Who edits a profile, or a plan, looks at what comes of it.
_KINDS = frozenset({"model", "draft", "vllm", "image", "gpu", "catalogue", "planner"})
_HARMLESS = frozenset({"docs"})
_NEVER = frozenset({"remote-code"})
_KIND_WORDS = {"new": "is planned for the first time", "removed": "is removed"}


def risk_of(changes: Iterable[Change], *, classes: Collection[str]) -> str:
    """Why a person should look at these changes, as a plain clause; empty where none needs to.

    `classes` are those of upstream files that the repository wants to hear of.
    """
    trusted = (_HARMLESS | set(classes)) - _NEVER
    for change in changes:
        risk = _risk(change, trusted)
        if risk:
            return f"{change.record.inputs.profile_name} {risk}"
    return ""


def _risk(change: Change, trusted: Collection[str]) -> str:
    if change.kind != "changed":
        return _KIND_WORDS[change.kind]
    if change.after != "fits":
        return "does not fit"
    if any(finding.severity != "info" for finding in change.appeared):
        return "has new warnings"
    if not change.causes:
        return "has files that somebody changed or deleted"
    edited = [cause.subject for cause in change.causes if cause.kind not in _KINDS]
    if edited:
        return f"was changed by somebody ({edited[0]})"
    details = {detail for cause in change.causes for detail in cause.details}
    odd = sorted(details.difference(trusted))
    return f"comes with changes of a kind that people look at ({', '.join(odd)})" if odd else ""
