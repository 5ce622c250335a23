"""Decides how a plan beside its server's figures is told: a table for people, one document for
machines."""

from replanner.measure.compare import Comparison, Row
from replanner.measure.seen import Seen, State
from replanner.planning.record import PlanRecord, plain
from replanner.report.terminal import Style, coloured, wrapped

_HEAD = ("", "planned", "actual", "error", "")
_STATES: dict[State, str] = {
    "started": "the server started",
    "refused": "the server did not start",
    "unknown": "the log does not say how the start ended",
}
_DIGITS = 4


def verified_report(record: PlanRecord, seen: Seen, compared: Comparison, style: Style) -> str:
    """The verdict, the figures of both sides, and what there is to know about them."""
    name = record.inputs.profile_name or record.plan.model.id
    mood = "good" if compared.agrees else "bad"
    lines = [
        *coloured(wrapped(f"{name}: {_verdict(compared)}", style), mood, style),
        *wrapped(_source(record, seen), style, indent="  "),
        *(wrapped(seen.refusal.message, style, indent="  ") if seen.refusal else ()),
        "",
        *_table(compared, style),
        *_differences(compared, style),
        *_listed("Not found:", compared.missing, style),
        *_listed("To know:", compared.notes, style),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def verified_document(
    record: PlanRecord, seen: Seen, compared: Comparison, *, tolerance: float
) -> dict[str, object]:
    """The JSON of `verify`."""
    return {
        "profile": record.inputs.profile_path,
        "agrees": compared.agrees,
        "tolerance_percent": tolerance,
        "verdict": {
            "predicted": "starts" if compared.starts else "refused",
            "actual": compared.state,
            "contradicted": compared.contradicted,
            "refusal": plain(seen.refusal),
        },
        "server": {
            "vllm_version": seen.version,
            "model": seen.model,
            "gpu_name": seen.gpu,
            "date": seen.date,
            "settings": dict(seen.settings),
        },
        "rows": [_document_row(row) for row in compared.rows],
        "differences": plain(compared.differences),
        "missing": list(compared.missing),
        "notes": list(compared.notes),
    }


def _document_row(row: Row) -> dict[str, object]:
    error = None if row.error_percent is None else round(row.error_percent, 2)
    rounded = {name: round(getattr(row, name), _DIGITS) for name in ("predicted", "actual")}
    return {**row._asdict(), **rounded, "error_percent": error}


def _verdict(compared: Comparison) -> str:
    said = "starts" if compared.starts else "does not start"
    became = _STATES[compared.state]
    if compared.contradicted:
        return f"planned: {said}; {became}"
    outside = [row.label for row in compared.rows if row.decides and not row.within]
    words = [f"{', '.join(outside)} outside the tolerance"] if outside else []
    words += ["it ran with other settings"] if compared.differences else []
    if words:
        return f"{became}, but {' and '.join(words)}"
    return (
        f"as planned so far; {became}" if compared.state == "unknown" else f"as planned: {became}"
    )


def _source(record: PlanRecord, seen: Seen) -> str:
    used = record.plan.hardware
    config = record.plan.config
    ran = f"vLLM {seen.version}" if seen.version else f"planned for vLLM {config.vllm_version}"
    ran += f", {seen.date}" if seen.date else ""
    return f"{config.model} on {used.gpus}× {used.gpu_name}; {ran}"


def _table(compared: Comparison, style: Style) -> list[str]:
    rows = [_HEAD, *map(_cells, compared.rows)] if compared.rows else []
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(len(_HEAD))]
    if sum(widths) + 2 * len(widths) > style.columns:
        return [line for row in compared.rows for line in _narrow(row, style)]
    lines = [_line(row, widths) for row in rows]
    return lines[:1] + [
        line if row.within else coloured([line], _mood(row), style)[0]
        for line, row in zip(lines[1:], compared.rows, strict=True)
    ]


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    label, *figures, note = cells
    told = "  ".join(text.rjust(width) for text, width in zip(figures, widths[1:], strict=False))
    return f"  {label.ljust(widths[0])}  {told}  {note}"


def _narrow(row: Row, style: Style) -> list[str]:
    label, mine, real, error, note = _cells(row)
    text = f"{label}: planned {mine}, actual {real} {error} {note}"
    return wrapped(text, style, indent="  ", follow="    ")


def _cells(row: Row) -> tuple[str, ...]:
    return row.label, _figure(row, row.predicted), _figure(row, row.actual), _error(row), _note(row)


def _figure(row: Row, value: float) -> str:
    if row.unit == "tokens":
        return f"{value:,.0f}"
    return f"{value:.2f}x" if row.unit == "x" else f"{value:.2f} GiB"


def _error(row: Row) -> str:
    if row.error_percent is None:
        return f"{row.predicted - row.actual:+.2f} GiB"
    return f"{row.error_percent:+.1f}%".replace("-0.0%", "+0.0%")


def _note(row: Row) -> str:
    words = [] if row.within else ["outside" if row.decides else "off"]
    return ", ".join([*words, *(["measured before"] if row.measured else [])])


def _mood(row: Row) -> str:
    return "bad" if row.decides else "look"


def _differences(compared: Comparison, style: Style) -> list[str]:
    told = [f"{one.setting} {one.actual}, planned {one.planned}" for one in compared.differences]
    return _listed("It ran with other settings:", told, style)


def _listed(title: str, sentences: tuple[str, ...] | list[str], style: Style) -> list[str]:
    if not sentences:
        return []
    lines = [line for one in sentences for line in wrapped(one, style, indent="  ", follow="    ")]
    return ["", *wrapped(title, style), *lines]
