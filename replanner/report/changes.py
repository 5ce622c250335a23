"""Decides how a change's reasons, settings and findings are listed."""

from collections.abc import Sequence

from replanner.planning.causes import Cause
from replanner.planning.diff import Change, why
from replanner.planning.result import Finding, Fix
from replanner.report.figures import ARROW, setting
from replanner.report.markdown import bullets, code, escape, joined, table

_MOST_FINDINGS = 20
_MOST_CAUSES = 5
_LONGEST = 100
# Python's words for YAML's.
_SPELLED = {"True": "true", "False": "false", "None": "null", "": "nothing"}


def outcome(one: Change) -> str:
    """The verdict without its causes: they are told beside it, each with its place."""
    if not one.causes:
        return one.verdict
    return one.verdict.partition(f" ({one.causes[0]}")[0]


def cause_text(cause: Cause) -> str:
    """One cause, its key and values in a fixed-width face."""
    if cause.kind != "profile":
        return escape(str(cause).replace("->", ARROW), longest=_LONGEST)
    subject, old, new = (code(word, longest=_LONGEST) for word in _spelled(cause))
    return f"{subject} {old} {ARROW} {new}"


def cause_words(cause: Cause) -> str:
    """The same in a few plain words, the key without its section."""
    if cause.kind != "profile":
        return str(cause).replace("->", ARROW)
    subject, old, new = _spelled(cause)
    return f"{subject.rpartition('.')[2]} {old} {ARROW} {new}"


def _spelled(cause: Cause) -> tuple[str, str, str]:
    return (cause.subject, _SPELLED.get(cause.old, cause.old), _SPELLED.get(cause.new, cause.new))


def causes_list(one: Change) -> str:
    """What moved, the most telling first."""
    return bullets([cause_text(cause) for cause in one.causes], most=_MOST_CAUSES)


def settings_table(one: Change) -> str:
    """Engine settings that differ, and which input moved them."""
    if not one.settings:
        return ""
    cells = [
        (
            code(delta.label),
            code(setting(delta.old)),
            code(setting(delta.new)),
            escape(why(delta, one).replace("->", ARROW)),
        )
        for delta in one.settings
    ]
    return table(("setting", "before", "after", "because"), cells, numbers_from=4)


def findings(one: Change) -> str:
    """What was not said before, and what need not be said any more."""
    return joined([_listed("New", one.appeared), _listed("Gone", one.disappeared)])


def fixes_text(fixes: Sequence[Fix], *, most: int = 2) -> str:
    """Single changes of a profile that planning confirmed."""
    return ", or ".join(f"set {code(str(fix))} ({escape(fix.effect)})" for fix in fixes[:most])


def _listed(heading: str, found: Sequence[Finding]) -> str:
    if not found:
        return ""
    lines = [
        f"**{one.severity}** {escape(one.message)} {escape(one.hint)}".rstrip() for one in found
    ]
    return f"{heading}:\n\n{bullets(lines, most=_MOST_FINDINGS)}"
