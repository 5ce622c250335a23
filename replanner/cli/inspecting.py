"""`detect`, `validate`, `schema`, `init`, `catalog`: the commands that plan nothing."""

import argparse
import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from replanner.cli.context import Context
from replanner.cli.profiles import RENDERERS
from replanner.errors import InputError, ReplannerError, worst_exit_code

if TYPE_CHECKING:
    from replanner.profile import LoadedProfile

Row = dict[str, object]


def detect(arguments: argparse.Namespace, context: Context) -> int:
    """This machine's GPUs, as nvidia-smi has them."""
    from replanner.detect import detect as look  # noqa: PLC0415 - subprocess is not free

    rows = [dataclasses.asdict(gpu) for gpu in look()]
    _show(rows, arguments, context)
    return 0


def validate(arguments: argparse.Namespace, context: Context) -> int:
    """Every profile is read; each one's problems are told, as far as they need no model."""
    from replanner.profile import load_profile  # noqa: PLC0415

    codes = []
    for file in arguments.profiles:
        try:
            _known(load_profile(file, renderers=RENDERERS))
        except ReplannerError as error:
            context.complain(error)
            codes.append(error.exit_code)
        else:
            context.print(f"{file}: valid")
    return worst_exit_code(codes)


def _known(loaded: "LoadedProfile") -> None:
    """The GPU and the flags are in the catalogue; InputError with file and line where not."""
    from replanner.planning.hardware import gpu_named  # noqa: PLC0415
    from replanner.render.flags import find_flag, table_for  # noqa: PLC0415

    request = loaded.profile.request()
    table = table_for(request.engine.vllm_version)
    if request.hardware.gpu_name != "auto":  # which is this machine's
        with _at(loaded, "hardware.gpu_name"):
            gpu_named(request.hardware)
    for name in request.vllm_args:
        with _at(loaded, "outputs.vllm_args"):
            find_flag(name, table, where="outputs.vllm_args")


@contextlib.contextmanager
def _at(loaded: "LoadedProfile", key: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        line = loaded.position(key)
        where = f"{loaded.path}:{line[0]}:{line[1]}" if line else loaded.path
        raise InputError(f"{where}: {error.message}", hint=error.hint) from None


def schema(arguments: argparse.Namespace, context: Context) -> int:
    """The JSON Schema that editors check profiles with, or that of what was asked for."""
    from replanner.profile import config_schema, json_schema  # noqa: PLC0415
    from replanner.report.review_json import report_schema  # noqa: PLC0415

    made = {"profile": json_schema, "config": config_schema, "report": report_schema}
    context.print(json.dumps(made[arguments.of](), indent=2, ensure_ascii=False))
    return 0


def init(arguments: argparse.Namespace, context: Context) -> int:
    """Write the starter files that are not there yet; none is ever overwritten."""
    from replanner.profile import starter_files  # noqa: PLC0415

    root = context.root(arguments.repo)
    for path, text in starter_files(model_id=arguments.model, gpu_name=arguments.gpu).items():
        context.print(_write_new(root, path, text))
    return 0


def _write_new(root: Path, path: str, text: str) -> str:
    file = root / path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        return f"{path}: is there already, left as it is"
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    return f"{path}: written"


def catalog(arguments: argparse.Namespace, context: Context) -> int:
    """What the planner knows, as a table or as JSON."""
    _show(CATALOGS[arguments.what](), arguments, context)
    return 0


def _gpus() -> list[Row]:
    from replanner.planning.hardware import aliases, gpus  # noqa: PLC0415
    from replanner.planning.units import GIB  # noqa: PLC0415

    return [
        {
            "name": gpu.name,
            "vram_gib": round(gpu.memory_bytes / GIB, 2),
            "memory_basis": gpu.memory_basis,
            "bandwidth_gb_per_s": gpu.memory_bandwidth_bytes_per_s // 10**9,
            "architecture": gpu.architecture,
            "aliases": list(aliases(gpu)),
        }
        for gpu in gpus()
    ]


def _instances() -> list[Row]:
    from replanner.catalogue import load  # noqa: PLC0415

    return [dict(row) for row in load("instances")["instances"]]


def _quantizations() -> list[Row]:
    from replanner.planning.quantization import ONLINE  # noqa: PLC0415
    from replanner.planning.quantization_methods import METHODS  # noqa: PLC0415

    checkpoints: list[Row] = [
        {
            "name": name,
            "kind": "checkpoint",
            "compute_capability": ".".join(map(str, method.capability)),
            "refused": method.refused or None,
        }
        for name, method in METHODS.items()
    ]
    loading: list[Row] = [
        {"name": name, "kind": "while loading", "compute_capability": None, "refused": None}
        for name in ONLINE
    ]
    return checkpoints + loading


def _renderers() -> list[Row]:
    from replanner.plugins import names  # noqa: PLC0415
    from replanner.render import RENDERERS  # noqa: PLC0415

    return [{"name": name} for name in names("render", builtin=RENDERERS)]


CATALOGS: Mapping[str, Callable[[], list[Row]]] = {
    "gpus": _gpus,
    "instances": _instances,
    "quantizations": _quantizations,
    "renderers": _renderers,
}


def _show(rows: Sequence[Row], arguments: argparse.Namespace, context: Context) -> None:
    if arguments.json:
        context.print(json.dumps(rows, ensure_ascii=False))
        return
    for line in _table(rows):
        context.print(line)


def _table(rows: Sequence[Row]) -> list[str]:
    """Columns as wide as their longest cell; the last one is left ragged."""
    if not rows:
        return []
    heads = list(rows[0])
    lines = [heads, *([_cell(row.get(head)) for head in heads] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
