"""Decides whether a proposal may be merged without anybody's look at it, and if not, why not."""

from collections.abc import Collection, Iterable

from replanner.planning.diff import Change

# What moved outside the repository. Who edits a profile, or a plan, looks at what comes of it.
_KINDS = frozenset({"model", "draft", "vllm", "image", "gpu", "catalogue", "planner"})
_HARMLESS = frozenset({"docs"})
_NEVER = frozenset({"remote-code"})
# These move with the planner's defaults, or because a person wrote them into the profile.
_EITHER_WAY = ("engine.vllm_version", "engine.image")
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
    edited += _engine_of_profile(change)
    if edited:
        return f"was changed by somebody ({edited[0]})"
    return _risk_of_model(change, trusted)


def _risk_of_model(change: Change, trusted: Collection[str]) -> str:
    details = {detail for cause in change.causes for detail in cause.details}
    odd = sorted(details.difference(trusted))
    if odd:
        return f"comes with changes of a kind that people look at ({', '.join(odd)})"
    return "runs code that comes with its model" if _runs_code(change) else ""


def _runs_code(change: Change) -> bool:
    """Does a model move whose own code is run? `auto_map` may name a file of another repository,
    which no digest of this one covers."""
    moves = any(cause.kind in ("model", "draft") for cause in change.causes)
    return moves and bool(change.record.plan.config.extra_args.get("trust-remote-code"))


def _engine_of_profile(change: Change) -> list[str]:
    """What the profile itself says otherwise than before, of what else counts as from outside."""
    if change.old is None or change.new is None:
        return []
    before, now = change.old.inputs.profile_values, change.new.inputs.profile_values
    return [key for key in _EITHER_WAY if before.get(key) != now.get(key)]
