"""Reads what a branch asks of those who would change it: checks that pass, branches up to date."""

from typing import NamedTuple
from urllib.parse import quote

from replanner.errors import AccessDenied
from replanner.forge.github.refusals import NotThere
from replanner.forge.github.session import Answer, Session

_CHECKS = "required_status_checks"


class Guards(NamedTuple):
    """`guarded`: it takes nothing whose required checks have not passed; None where that cannot be
    seen. `strict`: it takes only branches that are up to date with it."""

    guarded: bool | None
    strict: bool = False


class _Required(Answer):
    contexts: tuple[str, ...] = ()
    checks: tuple[object, ...] = ()
    strict: bool = False


class _Protection(Answer):
    required_status_checks: _Required | None = None


class _Branch(Answer):
    protected: bool
    protection: _Protection | None = None


class _Parameters(Answer):
    strict_required_status_checks_policy: bool = False


class _Rule(Answer):
    type: str
    parameters: _Parameters | None = None


def guards_of(session: Session, branch: str) -> Guards:
    """Of both kinds: the branch's own protection, and rulesets. Anybody who reads the repository
    sees which checks are required; that they are `strict` is shown only of rulesets, or to
    administrators."""
    seen = session.get(_Branch, f"branches/{quote(branch)}", doing="look at the base branch")
    if not seen.protected:
        return Guards(guarded=False)
    required = seen.protection.required_status_checks if seen.protection else None
    checked = required is not None and bool(required.contexts or required.checks)
    rules = _rules(session, branch)
    if rules is None:
        return Guards(guarded=checked or None, strict=bool(required and required.strict))
    strict = any(rule.strict_required_status_checks_policy for rule in rules)
    return Guards(checked or bool(rules), strict or bool(required and required.strict))


def _rules(session: Session, branch: str) -> list[_Parameters] | None:
    """What rulesets require in checks; None where they cannot be seen, as on old servers."""
    path = f"rules/branches/{quote(branch)}"
    try:
        rules = list(session.pages(_Rule, path, doing="read rules", query={"per_page": "100"}))
    except (NotThere, AccessDenied):
        return None
    return [rule.parameters or _Parameters() for rule in rules if rule.type == _CHECKS]
