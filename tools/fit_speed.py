"""Fit the constants of replanner/planning/speed_table.py to measured speeds, and judge them.

    fit_speed.py FOLDER [--folds 8]

FOLDER holds performance.open.jsonl (one measured run a line: `profile`, `config`, `measured`,
`weight`, `group`, `family`) and configs/<name>/config.json. Needs numpy and scipy beside the
project's own dependencies; they are no dependencies of the project:

    python -m venv /tmp/fit && /tmp/fit/bin/pip install numpy scipy -e .

Prints the rows to retype, with the errors in sample and left out (by group of model, GPU, tensor
parallelism and quantization, and by model family). The formula is the planner's own code. Every
class's constants are drawn towards the mean of all classes, so that a class of few rows borrows.
"""

import argparse
import dataclasses
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from replanner.errors import ReplannerError
from replanner.planning.feasibility import Situation, assess
from replanner.planning.hardware import find_gpu, usable_memory_bytes
from replanner.planning.model_facts import model_facts
from replanner.planning.performance import Load, Times, load_of, roofline_of, times_of
from replanner.planning.recommend import choose
from replanner.planning.request import EngineWish, HardwareWish, ModelWish, PlanRequest, Policy
from replanner.planning.request import Workload as Traffic
from replanner.planning.roofline import Roofline
from replanner.planning.speed_table import SHARED, Shared, Speeds
from replanner.planning.versions import uses_v1_engine

CLASS = {  # constant: where the fit starts (and is drawn to), upper bound
    "bandwidth": (0.8, 1.0),
    "compute": (0.5, 1.0),
    "layer_us": (50.0, math.inf),
    "collective_us": (10.0, math.inf),
    "moe_layer_us": (30.0, math.inf),
    "sequence_us": (0.15, math.inf),
}
FORMATS = ("fp8", "fp4", "weight-only")
COMMON = {
    "kv_share": (0.9, 1.0),
    "fp8": (1.0, 1.0),
    "fp4": (1.0, 1.0),
    "weight-only": (0.9, 1.0),
    "pcie_collective_us": (30.0, math.inf),
    "link_share": (0.5, 1.0),
    "eager_factor": (2.0, math.inf),
    "mixed_step": (0.4, math.inf),
    "first_ms": (20.0, math.inf),
    "first_layer_us": (400.0, math.inf),
    "first_prefill": (2.0, math.inf),
    "first_step": (1.0, math.inf),
    "queue": (0.08, math.inf),
    "queue_power": (0.8, 1.0),
}
TO_MEAN, TO_START = 0.3, 0.09  # how firmly constants are held, in units of a row's log error
ROBUST = 0.12  # beyond this log error a row pulls less
TTFT_WEIGHT = 0.35
METRICS = ("tpot", "throughput", "ttft")
QUANTILE = 0.8


@dataclass(frozen=True, slots=True)
class Row:
    """One measured run, ready to be computed; `starts` says that the planner lets it start."""

    id: str
    key: tuple[str, str]
    group: str
    family: str
    weight: float
    starts: bool
    roofline: Roofline
    load: Load
    measured: tuple[float | None, float | None, float | None]


def read_rows(folder: Path) -> list[Row]:
    with (folder / "performance.open.jsonl").open(encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    rows = []
    for case in cases:
        try:
            rows.append(_row(case, folder))
        except ReplannerError as error:
            print(f"left out: {case['id']}: {error}")
    return rows


def _row(case: dict[str, Any], folder: Path) -> Row:
    facts = model_facts(json.loads((folder / case["config"]).read_text(encoding="utf-8")))
    request = _request(case["profile"])
    wish = request.hardware
    gpu = find_gpu(wish.gpu_name)
    memory = usable_memory_bytes(gpu, vram_gb=wish.vram_gb, vram_gib=wish.vram_gib)
    situation = Situation(facts, memory, request.policy, request.workload, gpu.compute_capability)
    config = choose(request, situation, gpu=gpu, commit=None, quantize=None).config
    verdict = assess(config, situation, refused=False)
    roofline = roofline_of(facts, config, gpu)
    modern = uses_v1_engine(config.vllm_version, gpu.compute_capability)
    measured = case["measured"]
    return Row(
        id=case["id"],
        key=(gpu.performance_class, "v1" if modern else "v0"),
        group=case["group"],
        family=case["family"],
        weight=case["weight"],
        starts=verdict.starts,
        roofline=roofline,
        load=load_of(roofline, config, request.workload, verdict),
        measured=(measured["tpot_ms"], measured["output_tok_s"], measured["ttft_ms"]),
    )


def _request(profile: dict[str, Any]) -> PlanRequest:
    def section(name: str) -> dict[str, Any]:
        return {key: value for key, value in profile.get(name, {}).items() if value is not None}

    model = {key: value for key, value in section("model").items() if key != "quantization"}
    return PlanRequest(
        model=ModelWish(id="measured", **model),
        hardware=HardwareWish(**section("hardware")),
        workload=Traffic(**section("workload")),
        policy=Policy(**section("policy")),
        engine=EngineWish(**section("engine")),
    )


def predicted(row: Row, speeds: Speeds, shared: Shared) -> tuple[float, float, float]:
    roofline = dataclasses.replace(row.roofline, speeds=speeds, shared=shared)
    times: Times = times_of(roofline, row.load)
    replicas = roofline.machine.parallel.data
    return times.itl * 1e3, replicas * times.tokens_per_s, times.ttft * 1e3


def log_errors(row: Row, speeds: Speeds, shared: Shared) -> list[float]:
    """ln(predicted / measured) for each metric; NaN where it was not measured."""
    figures = zip(predicted(row, speeds, shared), row.measured, strict=True)
    return [math.log(said / seen) if seen else math.nan for said, seen in figures]


def unpack_shared(logs: Sequence[float]) -> Shared:
    values = dict(zip(COMMON, map(math.exp, logs), strict=True))
    formats = {name: values.pop(name) for name in FORMATS}
    shares = {**SHARED.format_share, **formats, "int8": formats["fp8"]}
    return dataclasses.replace(SHARED, format_share=shares, **values)


def unpack_speeds(logs: Sequence[float]) -> Speeds:
    return Speeds(*map(math.exp, logs))


class Fit:
    """The constants of all classes, their mean, and the shared ones, as one vector of logs."""

    def __init__(self, rows: list[Row], keys: list[tuple[str, str]]) -> None:
        self.rows, self.keys = rows, keys
        self.of_class = {key: [n for n, row in enumerate(rows) if row.key == key] for key in keys}
        starts = [start for start, _ in CLASS.values()]
        common = [start for start, _ in COMMON.values()]
        self.start = np.log(starts * (len(keys) + 1) + common)
        most = [top for _, top in CLASS.values()] * (len(keys) + 1)
        self.upper = np.log(np.array(most + [top for _, top in COMMON.values()]))

    def constants(self, x: np.ndarray) -> tuple[dict[tuple[str, str], Speeds], Shared]:
        wide = len(CLASS)
        speeds = {
            key: unpack_speeds(x[n * wide : (n + 1) * wide]) for n, key in enumerate(self.keys)
        }
        return speeds, unpack_shared(x[-len(COMMON) :])

    def solve(self, start: np.ndarray | None = None) -> np.ndarray:
        x = np.minimum(self.start if start is None else start, self.upper - 1e-6)
        bounds = (-np.inf, self.upper)
        solved = least_squares(
            self.residuals, x, self.jacobian, bounds=bounds, max_nfev=25, ftol=1e-4, xtol=1e-4
        )
        return np.asarray(solved.x)

    def residuals(self, x: np.ndarray) -> np.ndarray:
        speeds, shared = self.constants(x)
        errors = [_weighted(row, speeds[row.key], shared) for row in self.rows]
        return np.concatenate([np.ravel(errors), self.held(x)])

    def held(self, x: np.ndarray) -> np.ndarray:
        wide, common = len(CLASS), len(COMMON)
        classes = x[: len(self.keys) * wide].reshape(-1, wide)
        mean = x[-common - wide : -common]
        drawn = TO_MEAN * (classes - mean).ravel()
        return np.concatenate([drawn, TO_START * (x - self.start)[-common - wide :]])

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Differences; a class's constant is tried on that class's rows only."""
        base, small = self.residuals(x), 1e-4
        result = np.zeros((len(base), len(x)))
        for column in range(len(x)):
            moved = x.copy()
            moved[column] -= small
            speeds, shared = self.constants(moved)
            for n in self._concerned(column):
                cells = slice(3 * n, 3 * n + 3)
                row = self.rows[n]
                new = _weighted(row, speeds[row.key], shared)
                result[cells, column] = (base[cells] - new) / small
            tail = slice(3 * len(self.rows), None)
            result[tail, column] = (base[tail] - self.held(moved)) / small
        return result

    def _concerned(self, column: int) -> Sequence[int]:
        where = column // len(CLASS)
        if where < len(self.keys):
            return self.of_class[self.keys[where]]
        is_mean = column < len(self.start) - len(COMMON)
        return () if is_mean else range(len(self.rows))


def _weighted(row: Row, speeds: Speeds, shared: Shared) -> np.ndarray:
    """Errors in fitting units: large ones count by their size, not its square."""
    if not row.starts:  # what the planner says cannot start is no example of how fast it runs
        return np.zeros(3)
    errors = np.nan_to_num(np.array(log_errors(row, speeds, shared)))
    soft = ROBUST * np.sqrt(2 * (np.sqrt(1 + (errors / ROBUST) ** 2) - 1))
    return np.sign(errors) * soft * np.array([1, 1, TTFT_WEIGHT]) * math.sqrt(row.weight)


def left_out(fit: Fit, by: Callable[[Row], str], x: np.ndarray, folds: int) -> np.ndarray:
    """Errors of each row by constants fitted without its group."""
    names = sorted({by(row) for row in fit.rows})
    random.Random(1).shuffle(names)  # noqa: S311 - folds, no secret
    errors = np.full((len(fit.rows), 3), np.nan)
    for fold in range(folds):
        out = set(names[fold::folds])
        kept = Fit([row for row in fit.rows if by(row) not in out], fit.keys)
        speeds, shared = kept.constants(kept.solve(x))
        for n, row in enumerate(fit.rows):
            if by(row) in out:
                errors[n] = log_errors(row, speeds[row.key], shared)
    return errors


def quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    keep = ~np.isnan(values)
    values, weights = values[keep], weights[keep]
    if not len(values):
        return math.nan
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1] - 1e-12)])


def show_errors(label: str, fit: Fit, errors: np.ndarray) -> None:
    weights = np.array([row.weight for row in fit.rows])
    cells = []
    for n, name in enumerate(METRICS):
        percent = 100 * np.abs(np.expm1(errors[:, n]))
        keep = ~np.isnan(percent)
        mean = float(np.average(percent[keep], weights=weights[keep]))
        cells.append(f"{name} {quantile(percent, weights, 0.5):.1f} / {mean:.1f}")
    print(f"{label:24} median / mean |error| %: {', '.join(cells)}")


def show_constants(fit: Fit, x: np.ndarray, errors: np.ndarray) -> None:
    speeds, shared = fit.constants(x)
    weights = np.array([row.weight for row in fit.rows])
    decode = np.where(np.isnan(errors[:, 0]), errors[:, 1], errors[:, 0])
    for key, own in [*speeds.items(), (("mean", "all"), None)]:
        keep = np.array([own is None or row.key == key for row in fit.rows])
        spread = [
            math.expm1(quantile(np.abs(one[keep]), weights[keep], QUANTILE))
            for one in (decode, errors[:, 2])
        ]
        middle = 100 * quantile(np.abs(np.expm1(decode[keep])), weights[keep], 0.5)
        figures = [f"{getattr(own, name):.3g}" for name in CLASS] if own else []
        print(f"{key}: {', '.join(figures)}, within {spread[0]:.2f}, TTFT {spread[1]:.2f}")
        print(f"    {int(keep.sum())} rows, left-out median {middle:.0f} %")
    print(shared)


def show_coverage(fit: Fit, errors: np.ndarray) -> None:
    """How many left-out measurements lie within the ranges that the planner states today."""
    weights = np.array([row.weight for row in fit.rows])
    stated = [row.roofline.speeds for row in fit.rows]
    for n, name in enumerate(METRICS):
        widths = np.log1p([s.ttft_error if name == "ttft" else s.error for s in stated])
        keep = ~np.isnan(errors[:, n])
        inside = np.abs(errors[keep, n]) <= widths[keep]
        print(f"{name}: {np.average(inside, weights=weights[keep]):.0%} within the stated range")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_RAW)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, default=8)
    args = parser.parse_args()
    rows = read_rows(args.folder)
    fit = Fit(rows, sorted({row.key for row in rows}))
    x = fit.solve()
    speeds, shared = fit.constants(x)
    inside = np.array([log_errors(row, speeds[row.key], shared) for row in rows])
    show_errors("in sample", fit, inside)
    by_group = left_out(fit, lambda row: row.group, x, args.folds)
    show_errors("groups left out", fit, by_group)
    show_errors("families left out", fit, left_out(fit, lambda row: row.family, x, args.folds))
    show_constants(fit, x, by_group)
    show_coverage(fit, by_group)


_RAW = argparse.RawDescriptionHelpFormatter

if __name__ == "__main__":
    main()
