"""Decides what a check run says of a commit: how it ended, the comment's text, remarks on lines and
buttons, within what GitHub takes."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from replanner.report.annotations import Annotation, lasting
from replanner.report.comment import compared, sections
from replanner.report.headline import first_line, sentence
from replanner.report.look import Look
from replanner.report.markdown import BUDGET_BYTES, Section, code, escape, fit, one_line
from replanner.report.review import Review

# What a branch's rules name to require it.
NAME: Final = "replanner / plan"
# What one request may hold (docs.github.com/rest/checks/runs, "Create a check run").
MOST_REMARKS: Final = 50
_LONGEST_TITLE: Final = 200  # the line beside the check is cut much earlier
_LONGEST_TROUBLE: Final = 2000

Conclusion = Literal["success", "failure", "neutral"]
Waiting = Literal[""]


class Button(NamedTuple):
    """What people can press below a check run; `identifier` comes back in the event."""

    identifier: str
    label: str
    description: str


REPLAN: Final = Button("replan", "Re-plan", "Plan anew, with what is upstream now")
APPLY: Final = Button("apply", "Apply", "Commit the regenerated files")
IGNORE: Final = Button("ignore", "Ignore revision", "Close it; propose the next revision only")


@dataclass(frozen=True, slots=True)
class CheckText:
    """All that is told of a commit. Without a conclusion it is not judged yet. `url`: where there
    is more."""

    conclusion: Conclusion | Waiting
    title: str
    summary: str
    remarks: tuple[Annotation, ...] = ()
    buttons: tuple[Button, ...] = ()
    url: str = ""


# Nothing foreign is in it, so nothing of it can be refused.
REFUSED_TEXT: Final = CheckText(
    "failure",
    "❌ GitHub refused what this check would say",
    "So nobody sees here what came out, and nothing passes. Re-plan tries again.",
    buttons=(REPLAN,),
)


def check_text(review: Review, look: Look, *, annotated: bool = True) -> CheckText:
    """What a review comes to. The text is the comment's; in a check GitHub is not known to draw
    diagrams or alerts."""
    charts = "unicode" if look.charts == "mermaid" else look.charts
    plain = look._replace(charts=charts, alerts=False, run_url="", budget_bytes=BUDGET_BYTES)
    below = Section(f"<sub>{compared(review, plain)}</sub>")
    return CheckText(
        conclusion_of(review),
        one_line(sentence(review), longest=_LONGEST_TITLE),
        fit([*sections(review, plain), below], budget_bytes=BUDGET_BYTES),
        lasting(review, most=MOST_REMARKS) if annotated else (),
    )


def trouble_text(message: str, hint: str = "") -> CheckText:
    """What a commit gets that cannot be judged at all: merging it would be unseen."""
    title = one_line(f"❌ {first_line(message)}", longest=_LONGEST_TITLE)
    told = [escape(text, longest=_LONGEST_TROUBLE) for text in (message, hint) if text]
    return CheckText("failure", title, "\n\n".join(told), buttons=(REPLAN,))


def waiting_text(number: int, base: str) -> CheckText:
    """What a commit gets whose check was about something else, until this is known."""
    title = one_line(f"⏳ To be judged by the rules of {base}", longest=_LONGEST_TITLE)
    told = (
        f"The verdict that stood here was not about pull request {number} to"
        f" {code(base)}, which is being reviewed."
    )
    return CheckText("", title, told, buttons=(REPLAN,))


def conclusion_of(review: Review) -> Conclusion:
    """The gate's answer; where it lets pass what is not known, or has nothing to judge, that is no
    success. A branch that requires the check takes `neutral` too."""
    if review.blocked:
        return "failure"
    return "neutral" if review.verdict in ("none", "unknown") else "success"


def buttons_for(review: Review, *, own: bool, writable: bool) -> tuple[Button, ...]:
    """`own`: it is a proposal of ours; `writable`: its branch is in this repository."""
    if own:
        return REPLAN, IGNORE
    stale = any(one.stale for one in review.profiles)
    return (REPLAN, APPLY) if stale and writable else (REPLAN,)
