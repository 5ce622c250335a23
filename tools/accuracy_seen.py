"""How close figures came by what they rest on: the catalogue's `vllm/seen.json`.

Every case is planned with figures from other groups of cases only, so that what is claimed is what
a profile meets that nobody looked at.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fit_memory import Case, Fit

_SHARE = 0.9
_LEAST_CASES = 10
_RECENT = (0, 20)  # since then an estimate of the graphs is taken off the KV cache
# plan.json's name, the case's, what its log calls it, and in what a distance is told
_LINES = (
    ("weights", "model_load_gib", "percent"),
    ("activation", "activation_peak_gib", "GiB"),
    ("non_torch", "non_torch_gib", "GiB"),
    ("cuda_graph", "graph_gib", "GiB"),
    ("kv_cache", "kv_cache_gib", "percent of the budget"),
)
_NOTE = (
    "how close nine of ten figures came to what servers printed, by what they rest on; each case"
    " planned with figures from other groups of cases, runs that differ only in length or"
    " utilization counted as one; newest: the last release among them, recent: how many are of"
    " 0.20 and later;"
    " written by tools/accuracy_seen.py"
)


class _Distance(NamedTuple):
    weight: float
    value: float
    version: tuple[int, ...]


def seen(fitted: Fit, engine: Mapping[str, Any]) -> dict[str, Any]:
    """By figure and basis: the distance and from how many cases; none from fewer than ten."""
    within: dict[str, dict[str, Any]] = {}
    for name, line, unit in _LINES:
        found: dict[str, list[_Distance]] = defaultdict(list)
        for case, answer in zip(fitted.cases, fitted.left_out, strict=True):
            for basis, distance in _distance(case, answer, (name, line, unit)):
                found[basis].append(distance)
        within[name] = {
            basis: {"value": _near(all_), "unit": unit, **_of(all_)}
            for basis, all_ in sorted(found.items())
            if len(all_) >= _LEAST_CASES
        }
    request = engine["request"]
    exact = {"value": _rounded(request["p90"]), "unit": "percent", "cases": request["n"]}
    return {"note": _NOTE, "within": {**within, "kv_needed": {"exact": exact}}}


def as_file(found: Mapping[str, Any]) -> str:
    """A row a line, as the other files of the catalogue."""
    rows = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in found["within"].items()
    )
    return f'{{\n"note": {json.dumps(found["note"])},\n"within": {{\n{rows}\n}}\n}}\n'


def _distance(
    case: Case, answer: Mapping[str, Any], line: tuple[str, str, str]
) -> Iterator[tuple[str, _Distance]]:
    name, printed, unit = line
    real = case["observed"].get(printed)
    if name == "kv_cache" and real is None:
        real = case["observed"].get("kv_available_gib")
    unclear = {name, printed} & set(case["not_scored"])
    # what capture changed may be below 0: other memory was freed meanwhile
    if real is None or unclear or (name == "cuda_graph" and real <= 0):
        return
    feasibility = answer["feasibility"]
    apart = abs(feasibility[f"{name}_gib"] - real)
    whole = real if unit == "percent" else feasibility["budget_gib"]
    value = apart if unit == "GiB" else apart / whole * 100
    basis = answer["certainty"][f"{name}_gib"]["basis"]
    version = tuple(int(part) for part in case["version"].split("."))
    yield basis, _Distance(case["weight"], value, version)


def _of(distances: list[_Distance]) -> dict[str, Any]:
    versions = [one.version for one in distances]
    return {
        "cases": len(distances),
        "newest": ".".join(map(str, max(versions))),
        "recent": sum(version >= _RECENT for version in versions),
    }


def _near(distances: list[_Distance]) -> float:
    ordered = sorted(distances, key=lambda one: one.value)
    enough, reached = _SHARE * sum(one.weight for one in ordered), 0.0
    for one in ordered:
        reached += one.weight
        if reached >= enough:
            break
    return _rounded(one.value)


def _rounded(value: float) -> float:
    """Up, to two digits: a claim covers what it was read from."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1) if value > 0 else 1.0
    return float(f"{math.ceil(value / step - 1e-9) * step:.2g}")
