"""Decides what people see of a plan on a terminal: at any width, with or without Unicode or
colour, and whatever control characters others put into names."""

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from replanner.planning.diff import Change
from replanner.planning.record import PlanRecord
from replanner.planning.result import Finding, Plan
from replanner.planning.verdict import first_verdict, state
from replanner.planning.wording import gib
from replanner.report.bars import KV_CACHE, PARTS, Part, shares, sizes
from replanner.report.figures import change, guesses, rows, setting, told, trust

NARROWEST = 20
_WIDEST = 100
_COLOURS = {"bad": "31", "look": "33", "good": "32"}
_STATES = {"fits": "good", "starts": "look", "refused": "bad"}
_SEVERITIES = {"error": "bad", "warning": "look", "info": "good"}
_ASCII = str.maketrans(
    {"→": "->", "−": "-", "×": "x", "…": "...", "\u00a0": " ", "·": ".", "±": "+/-"}
)


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show; the front door knows."""

    width: int = 80
    unicode: bool = True
    colour: bool = False

    @property
    def columns(self) -> int:
        return max(NARROWEST, min(self.width, _WIDEST))


def plan_report(record: PlanRecord, style: Style, *, explain: bool = False) -> str:
    """One plan: verdict, where the memory goes, figures, findings, and with `explain` the why."""
    plan = record.plan
    mood = _STATES[state(record)]
    model = plan.model.id + (f" at {plan.model.commit[:7]}" if plan.model.commit else "")
    head = f"{record.inputs.profile_name or plan.model.id}: {first_verdict(record)}"
    lines = [
        *coloured(wrapped(head, style), mood, style),
        *wrapped(f"{model}, vLLM {plan.config.vllm_version}", style, indent="  "),
        "",
        *_memory(plan, style),
        "",
        *_table([(row.label, row.value) for row in rows(plan)], style),
        *_findings(plan.findings, style),
        *_fixes(record, style),
        *(_explained(plan.explanations, style) if explain else ()),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def change_report(changes: Sequence[Change], style: Style) -> str:
    """What changed, a paragraph a profile."""
    paragraphs = [_change(one, style) for one in changes]
    return "\n".join(f"{paragraph}\n" for paragraph in paragraphs)


def _change(one: Change, style: Style) -> str:
    mood = "bad" if one.breaks else "look" if one.direction == "worse" else "good"
    name = one.record.inputs.profile_name or one.record.plan.model.id
    settings = [
        (delta.label, f"{setting(delta.old)} → {setting(delta.new)}") for delta in one.settings
    ]
    lines = [
        *coloured(wrapped(f"{name} {one.verdict}", style, follow="  "), mood, style),
        *_table([(delta.label, change(delta)) for delta in told(one)] + settings, style),
        *_findings(one.appeared, style),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _clean(text: str, style: Style) -> str:
    """Text that can only be read: no escapes, no direction marks, one line."""
    plain = "".join(char if char.isprintable() else " " for char in text.replace("\u00a0", " "))
    if style.unicode:
        return plain
    return plain.translate(_ASCII).encode("ascii", "replace").decode()


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, style: Style, *, indent: str = "", follow: str | None = None) -> list[str]:
    """Lines of at most the width, in terminal cells."""
    after = indent if follow is None else follow
    clean = _clean(text, style)
    # textwrap counts characters; with wide ones every cell counts double to stay inside.
    width = style.columns if _cells(clean) == len(clean) else style.columns // 2
    return textwrap.wrap(
        clean, width, initial_indent=indent, subsequent_indent=after, break_on_hyphens=False
    ) or [indent]


def coloured(lines: Iterable[str], mood: str, style: Style) -> list[str]:
    if not style.colour:
        return list(lines)
    return [f"\x1b[{_COLOURS[mood]}m{line}\x1b[0m" for line in lines]


def _rest(plan: Plan) -> str:
    """What the memory is for that nothing else takes."""
    return "KV cache" if plan.feasibility.keeps_cache else "left over"


def _memory(plan: Plan, style: Style) -> list[str]:
    memory, rest = plan.feasibility.memory, _rest(plan)
    found = sizes(memory)
    cells = shares(found, style.columns - 2)
    glyphs = [part.glyph if style.unicode else part.plain for part in PARTS]
    bar = "".join(glyph * count for glyph, count in zip(glyphs, cells, strict=True))
    legend = [
        (f"{glyph} {rest if part.name == KV_CACHE else part.name}", _held(plan, part, held))
        for glyph, part, held in zip(glyphs, PARTS, found, strict=True)
    ]
    title = f"Memory per GPU, {gib(memory.total_bytes)}"
    guessed = [
        line
        for told in guesses(plan)
        for line in wrapped(f"Guessed: {told.rstrip('.')}.", style, indent="  ")
    ]
    return [
        *wrapped(title, style),
        f"[{bar}]",
        *_table(legend, style),
        *_meant(plan, style),
        *guessed,
    ]


def _meant(plan: Plan, style: Style) -> list[str]:
    if not any(one.within for one in plan.feasibility.certainty.values()):
        return []
    told = "±: nine of ten such figures came that close to what servers printed."
    return wrapped(told, style, indent="  ")


def _held(plan: Plan, part: Part, size_bytes: int) -> str:
    return "  ".join(filter(None, (gib(size_bytes), trust(plan, part.term))))


def _table(pairs: Sequence[tuple[str, str]], style: Style) -> list[str]:
    """Labels to the left, figures to the right; below each other where the width is short."""
    clean = [(_clean(label, style), _clean(text, style)) for label, text in pairs]
    left = max((_cells(label) for label, _ in clean), default=0)
    right = max((_cells(text) for _, text in clean), default=0)
    if left + right + 4 > style.columns:
        return [
            line
            for label, text in clean
            for line in wrapped(f"{label}: {text}", style, indent="  ", follow="    ")
        ]
    return [f"  {label}{' ' * (left - _cells(label))}  {text}" for label, text in clean]


def _findings(findings: Iterable[Finding], style: Style) -> list[str]:
    lines: list[str] = []
    for one in findings:
        message = wrapped(f"{one.severity}: {one.message}", style, follow="  ")
        lines += ["", *coloured(message, _SEVERITIES[one.severity], style)]
        if one.hint:
            lines += wrapped(one.hint, style, indent="  ")
    return lines


def _fixes(record: PlanRecord, style: Style) -> list[str]:
    fixes = record.plan.fixes
    if not fixes:
        return []
    lines = [
        line for fix in fixes for line in wrapped(f"{fix}  ({fix.effect})", style, indent="  ")
    ]
    return ["", *wrapped("One of these makes it fit:", style), *lines]


def _explained(explanations: Mapping[str, str], style: Style) -> list[str]:
    if not explanations:
        return []
    lines = ["", *wrapped("Why:", style)]
    for key, reason in sorted(explanations.items()):
        lines += wrapped(f"{key}: {reason}", style, indent="  ", follow="    ")
    return lines
