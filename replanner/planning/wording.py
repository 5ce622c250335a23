"""Decides how a figure is written for people: three significant digits, a unit, a real minus."""

import math

from replanner.planning.units import GIB, MIB

_MINUS = "\N{MINUS SIGN}"
_SHORT_COMMIT = 7
_DIGITS = 3


def gib(size_bytes: float) -> str:
    """`12.4 GiB`; below a tenth of that unit in MiB."""
    if 0 < abs(size_bytes) < 0.1 * GIB:
        return _minus(f"{size_bytes / MIB:.0f} MiB")
    decimals = 1 if abs(size_bytes) >= 10 * GIB else 2
    return _minus(f"{size_bytes / GIB:.{decimals}f} GiB")


def signed_gib(size_bytes: float) -> str:
    """`+5.1 GiB`."""
    return ("+" if size_bytes > 0 else "") + gib(size_bytes)


def number(value: float) -> str:
    """Three significant digits, whole from a hundred on, thousands separated."""
    if not math.isfinite(value):
        return "n/a"
    decimals = max(0, _DIGITS - len(str(int(abs(value)))))
    rounded = f"{value:,.{decimals}f}"
    return _minus(rounded.rstrip("0").rstrip(".") if "." in rounded else rounded)


def percent(old: float, new: float) -> str:
    """`+35%`; nothing where there is no old figure to compare with."""
    if old == 0:
        return ""
    share = 100 * (new - old) / abs(old)
    return _minus(f"{share:+.0f}%" if abs(share) >= 1 else f"{share:+.1f}%")


def short_commit(commit: str | None) -> str:
    """The first seven digits, as git shows a commit."""
    return (commit or "none")[:_SHORT_COMMIT]


def _minus(text: str) -> str:
    return text.replace("-", _MINUS)
