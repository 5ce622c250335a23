"""Hold the memory figures of the catalogue to logs that they were not read from.

usage: fit_memory.py TRUTH_FOLDER

For each group of cases (model, GPU, tensor parallelism and quantization, as the scorer says), every
figure is read again from the other groups alone, and the group is planned with those. Prints the
scorer's errors with the catalogue's figures and with one group left out at a time, and what each
figure would be if it were read from all groups.
"""

import contextlib
import importlib
import io
import json
import shlex
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from replanner import catalogue
from replanner.cli import main as replanner

_STEP_GIB = 0.05
_MOVED_GIB = 0.01  # the plan prints three decimals
_LINES = {"non_torch_gib": "non_torch_gib", "activation_gib": "activation_peak_gib"}
METRICS = ("weights", "activation", "non_torch", "kv", "tokens", "concurrency", "kv_needed")
Case = Mapping[str, Any]
Answer = Mapping[str, float]
Answers = Sequence[Mapping[str, Any]]
Figures = dict[str, float]


class Reading(NamedTuple):
    """What one case says a figure is; `direct` by the line of the log that it belongs to."""

    group: str
    weight: float
    gib: float
    direct: bool


class Fit(NamedTuple):
    """The cases, their scorer, and what is planned with the catalogue's figures and without."""

    cases: Sequence[Case]
    scorer: Any
    answers: Answers
    left_out: Answers
    readings: Mapping[str, list[Reading]]


def main() -> int:
    found = fit(Path(sys.argv[1]))
    _show("with the catalogue's figures", found, found.answers)
    _show("each group with figures from the others", found, found.left_out)
    print("\nfigure                         catalogue  all groups  groups")
    shipped = _figures()
    for name, read in found.readings.items():
        everywhere = _median(name, read, without=None)
        count = len({reading.group for reading in read})
        print(f"{name:30} {shipped[name]:9.2f} {everywhere:11.2f} {count:7}")
    return 0


def fit(truth: Path) -> Fit:
    """Every case planned twice: with the catalogue's figures, and with those of other groups."""
    sys.path.insert(0, str(truth))
    scoring, scorer = (importlib.import_module(name) for name in ("scoring", "score_memory"))
    cases = scoring.load_cases(truth / "memory.open.jsonl")
    with tempfile.TemporaryDirectory() as folder:
        paths = scoring.write_profiles(cases, truth / "configs", Path(folder))
        shipped = _figures()
        readings = {name: list(_readings(name, cases, paths)) for name in shipped}
        answers = _planned(paths, shipped)
        left_out = _left_out(cases, paths, readings)
    return Fit(cases, scorer, answers, left_out, readings)


def _rows() -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = catalogue.load("vllm/memory")["figures"]
    return rows


def _figures() -> Figures:
    return {name: row["gib"] for name, row in _rows().items()}


@contextlib.contextmanager
def _with(figures: Figures) -> Iterator[None]:
    before = _figures()
    for name, gib in figures.items():
        _rows()[name]["gib"] = gib
    try:
        yield
    finally:
        for name, gib in before.items():
            _rows()[name]["gib"] = gib


def _planned(paths: Sequence[Path], figures: Figures) -> Answers:
    out = io.StringIO()
    with _with(figures), contextlib.redirect_stdout(out):
        replanner(shlex.split("plan --json") + [str(path) for path in paths])
    return [json.loads(line) for line in out.getvalue().splitlines()]


def _readings(name: str, cases: Sequence[Case], paths: Sequence[Path]) -> Iterator[Reading]:
    """From each case whose plan the figure moves: the figure and what the plan lacks."""
    now = _figures()[name]
    for case, plan, moved in zip(
        cases, _planned(paths, {}), _planned(paths, {name: now + _STEP_GIB}), strict=True
    ):
        before, after = plan["feasibility"], moved["feasibility"]
        direct = _lacking_line(case, before, after)
        lacks = _lacking_kv(case["observed"], before, after) if direct is None else direct
        if lacks is not None:
            gib = max(0.0, now + lacks)
            yield Reading(case["group"], case["weight"], gib, direct is not None)


def _lacking_line(case: Case, plan: Answer, moved: Answer) -> float | None:
    for term, line in _LINES.items():
        seen = case["observed"].get(line)
        changed = abs(moved[term] - plan[term]) >= _MOVED_GIB
        if changed and seen and term.removesuffix("_gib") not in case["not_scored"]:
            return float(seen) - plan[term]
    return None


def _lacking_kv(seen: Answer, plan: Answer, moved: Answer) -> float | None:
    """By what is left for KV: in GiB, else in tokens."""
    if abs(moved["kv_cache_gib"] - plan["kv_cache_gib"]) < _MOVED_GIB:
        return None
    kv = seen.get("kv_cache_gib") or seen.get("kv_available_gib")
    if kv is None and seen.get("kv_cache_tokens") and plan["kv_cache_tokens"]:
        kv = plan["kv_cache_gib"] * seen["kv_cache_tokens"] / plan["kv_cache_tokens"]
    return None if kv is None else plan["kv_cache_gib"] - kv


def _median(name: str, readings: Iterable[Reading], *, without: str | None) -> float:
    """By weight, of the direct readings if there are any; 0 where no other group has the term."""
    kept = [found for found in readings if found.group != without]
    kept = [found for found in kept if found.direct] or kept
    elsewhere = [(value, 1.0) for value in _rows()[name].get("seen", ())]
    values = sorted(elsewhere + [(found.gib, found.weight) for found in kept])
    half, reached = sum(weight for _, weight in values) / 2, 0.0
    for at, (value, weight) in enumerate(values):
        reached += weight
        if reached > half:
            return value
        if reached == half:
            return statistics.mean((value, values[at + 1][0]))
    return 0.0


def _left_out(
    cases: Sequence[Case], paths: Sequence[Path], readings: Mapping[str, list[Reading]]
) -> Answers:
    answers: list[Mapping[str, Any]] = [{}] * len(cases)
    for group in {case["group"] for case in cases}:
        where = [at for at, case in enumerate(cases) if case["group"] == group]
        figures = {name: _median(name, found, without=group) for name, found in readings.items()}
        for at, answer in zip(where, _planned([paths[at] for at in where], figures), strict=True):
            answers[at] = answer
    return answers


def _show(title: str, fitted: Fit, answers: Answers) -> None:
    scorer, cases = fitted.scorer, fitted.cases
    summary = scorer.summarize(cases, scorer.evaluate(cases, answers))
    print(f"\n{title}: median / mean of |error| in %")
    for metric in METRICS:
        found = summary["metrics"][metric]
        print(f"  {metric:12} {found['median']:6.2f} {found['mean']:6.2f}  ({found['n']})")
    verdict = summary["verdict"]
    started, refused = verdict["started"]["share"], verdict["refused"]["share"]
    print(f"  verdict: {started:.1f} % of the started, {refused:.1f} % of the refused")


if __name__ == "__main__":
    sys.exit(main())
