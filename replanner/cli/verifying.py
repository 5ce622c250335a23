"""`verify`: a plan beside what its server printed, and what the profile may keep of that."""

import argparse
import json
import time
from pathlib import Path

from replanner.cli import printed
from replanner.cli.context import Context
from replanner.cli.files import overwrite
from replanner.cli.profiles import RENDERERS, Asked, asked, with_real_gpus
from replanner.errors import InputError
from replanner.measure.calibrate import calibration, changes, origin
from replanner.measure.compare import compare
from replanner.measure.seen import Seen, joined
from replanner.planning.calibration import deviations
from replanner.planning.record import PlanRecord
from replanner.planning.wording import gib
from replanner.profile import LoadedProfile, comment_above, edit_profile, load_profile
from replanner.report.verified import verified_document, verified_report
from replanner.resolve import Planner

_WHOLE = 100


def verify(arguments: argparse.Namespace, context: Context) -> int:
    """1 where the server contradicts the plan; with --calibrate, where it still does afterwards."""
    if not 0 < arguments.tolerance <= _WHOLE:  # a NaN fails too
        raise InputError("--tolerance is a percentage above 0 and up to 100.")
    root = context.root(arguments.repo)
    planner = Planner(context.hub(root, arguments.hub), context.registry)
    [(_, read)] = asked(arguments, context, root)
    wanted, seen = read(), _seen(arguments, context)
    record = planner.record(wanted.loaded.profile, wanted.place)
    compared = compare(record.plan, seen, tolerance=arguments.tolerance)
    after = None
    if arguments.calibrate:
        after = _calibrated(arguments, context, planner, wanted=wanted, seen=seen)
        compared_after = compare(after.plan, seen, tolerance=arguments.tolerance)
    if arguments.json:
        told = verified_document(record, seen, compared, tolerance=arguments.tolerance)
        context.print(json.dumps(told | {"calibrated": after is not None}, allow_nan=False))
    else:
        context.print(verified_report(record, seen, compared, context.style) + _told(after, wanted))
    return 0 if (compared_after if after else compared).agrees else 1


def _seen(arguments: argparse.Namespace, context: Context) -> Seen:
    logged = arguments.log and printed.log(arguments.log, context.cwd)
    served = arguments.metrics and printed.metrics(arguments.metrics, context.cwd)
    if logged and served:
        return joined(logged, served)
    if not logged and not served:
        raise InputError("verify needs --log FILE, --metrics URL or both.")
    found: Seen = logged or served
    return found


def _told(after: PlanRecord | None, wanted: Asked) -> str:
    if after is None:
        return ""
    verdict = after.plan.feasibility
    return (
        f"\n{wanted.loaded.path}: calibrated; its plan now has"
        f" {gib(verdict.memory.kv_cache_bytes)} of KV cache, {verdict.kv_cache_tokens:,} tokens\n"
    )


def _calibrated(
    arguments: argparse.Namespace,
    context: Context,
    planner: Planner,
    *,
    wanted: Asked,
    seen: Seen,
) -> PlanRecord:
    """The plan of the profile with the server's figures in it, once the file holds them."""
    profile = wanted.loaded.profile
    bare = profile._replace(policy=profile.policy._replace(measured=None))
    plan = planner.record(bare, wanted.place).plan
    measured = calibration(plan, seen)
    # From the file itself: a profile that asks for this machine's GPUs was completed in memory.
    file = context.cwd / wanted.loaded.path
    text = _read(file)
    text = edit_profile(text, changes(plan, seen, measured), name=wanted.loaded.path)
    source = Path(arguments.log).name if arguments.log not in (None, "-") else "its log"
    sentence = origin(seen, source=source, today=time.strftime("%Y-%m-%d"))
    text = comment_above(text, "policy.measured", sentence, name=wanted.loaded.path)
    loaded = with_real_gpus(load_profile(wanted.loaded.path, text, renderers=RENDERERS))
    after = planner.record(loaded.profile, wanted.place)
    if not after.plan.feasibility.memory.measured:
        raise _unused(after, loaded)
    overwrite(file, text)
    return after


def _unused(after: PlanRecord, loaded: LoadedProfile) -> InputError:
    policy, verdict = loaded.profile.request().policy, after.plan.feasibility
    gpu, weights = after.plan.hardware.gpu_name, verdict.memory.weights_bytes
    reasons = deviations(after.plan.config, policy, gpu, weights)
    return InputError(
        f"{loaded.path}: its plan would not use this calibration: {'; '.join(reasons)}.",
        hint="Nothing was written.",
    )


def _read(file: Path) -> str:
    """The file as it is, with its byte order mark and line ends."""
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):  # it was read a moment ago
        raise InputError(f"{file}: cannot be read any more.") from None
