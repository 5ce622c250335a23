"""Plan the start-ups that the project carries and hold the plans against what servers printed."""

import contextlib
import io
import json
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from replanner.cli import main as replanner
from startups.cases import CASES, Case

_MODELS = Path(__file__).parents[2] / "tests" / "data" / "models"
# (median, mean) of |error| in percent at most: the aims that planning is held to everywhere
LIMITS: Mapping[str, tuple[float, float]] = {
    "weights_gib": (0.5, 2),
    "activation_gib": (20, 40),
    "non_torch_gib": (20, 40),
    "kv_cache_gib": (2, 5),
    "kv_cache_tokens": (2, 6),
    "max_concurrency_at_context": (2, 6),
    "kv_needed_gib": (0.5, 2),
}


def score() -> tuple[dict[str, list[float]], list[Case]]:
    """|error| in percent by figure, and the cases that do not start or start against the plan."""
    errors: dict[str, list[float]] = defaultdict(list)
    wrong = []
    for case, planned in zip(CASES, _planned(), strict=True):
        if planned["starts"] != case.starts:
            wrong.append(case)
        for name, real in case.printed.items():
            errors[name].append(abs(planned[name] - real) / real * 100)
    return errors, wrong


def board() -> int:
    """Print it; 1 where a limit does not hold."""
    errors, wrong = score()
    print(f"carried: what {len(CASES)} servers printed at start-up, each with its source")
    bad = bool(wrong)
    for name, limits in LIMITS.items():
        found = statistics.median(errors[name]), statistics.mean(errors[name])
        off = any(value > limit for value, limit in zip(found, limits, strict=True))
        bad |= off
        told = f"median {found[0]:6.2f} (<= {limits[0]:g})  mean {found[1]:6.2f} (<= {limits[1]:g})"
        print(f"  {'BAD' if off else 'ok '} {name:28} {told}  {len(errors[name])} cases")
    for case in wrong:
        print(f"  BAD said to {'fail' if case.starts else 'start'}: {case.source}")
    if not wrong:
        print(f"  ok  starts or does not           all {len(CASES)} as planned")
    return int(bad)


def _planned() -> list[dict[str, Any]]:
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        profiles = list(_profiles(Path(folder)))
        with contextlib.redirect_stdout(out):
            replanner(["plan", "--json", *map(str, profiles)])
    return [json.loads(line)["feasibility"] for line in out.getvalue().splitlines()]


def _profiles(folder: Path) -> Iterator[Path]:
    for number, case in enumerate(CASES):
        model = _MODELS / case.config if isinstance(case.config, str) else folder / f"m{number}"
        if not isinstance(case.config, str):
            model.mkdir()
            (model / "config.json").write_text(json.dumps(case.config), encoding="utf-8")
        path = folder / f"{number}.yaml"
        path.write_text(yaml.safe_dump(_profile(case, model)), encoding="utf-8")
        yield path


def _profile(case: Case, model: Path) -> dict[str, Any]:
    """Of the settings, and one small request: whether a server starts does not depend on more."""
    found: dict[str, Any] = {"profile_version": 1, "model": {"id": str(model)}}
    found["workload"] = {"prompt_tokens": 64, "gen_tokens": 64, "concurrency": 1}
    found["policy"] = {"fragmentation_factor": 1.0, "headroom_gb": 0}
    for key, value in case.settings.items():
        *sections, last = key.split(".")
        here = found
        for section in sections:
            here = here.setdefault(section, {})
        here[last] = value
    return found
