"""What a plan makes of the limits of a repository's policy, and how they are told."""

from typing import NamedTuple

from replanner.report.review import Breach


class Limits(NamedTuple):
    """The limits that a plan breaches, and those that it keeps."""

    breached: tuple[Breach, ...] = ()
    kept: tuple[Breach, ...] = ()


class _Name(NamedTuple):
    """Which way the limit holds, and what a plan does that does not keep it."""

    sign: str
    breach: str


_NAMES = {
    "min_concurrency": _Name("≥", "holds {found} full-length requests at once"),
    "max_throughput_drop": _Name("≤", "loses {found} of its throughput"),
    "min_headroom_gib": _Name("≥", "has {found} of headroom"),
}
_OTHER = _Name("", "breaks {limit} with {found}")


def limit_text(one: Breach) -> str:
    """`policy ≥ 4`."""
    return f"policy {_NAMES.get(one.limit, _OTHER).sign} {one.wanted}".replace("  ", " ")


def breach_phrase(one: Breach) -> str:
    """A predicate, plain: `holds 1.5 full-length requests at once (policy ≥ 4)`."""
    told = _NAMES.get(one.limit, _OTHER).breach
    return f"{told.format(found=one.found, limit=one.limit)} ({limit_text(one)})"
