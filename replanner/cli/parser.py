"""Decides what may be written on the command line: commands, flags, their types."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from replanner import __version__
from replanner.cli import generating, inspecting, looping, planning
from replanner.cli.context import Context

Command = Callable[[argparse.Namespace, Context], int]

_EXIT_CODES = """\
exit codes: 0 fine; 1 the plan is bad, or files are stale; 2 bad input or usage;
3 an upstream could not be reached; 4 a bug"""


class SeedFlag(NamedTuple):
    """A flag that sets one profile key."""

    flag: str
    key: str
    type: Callable[[str], object]


# The seed format's flags: with them a plan needs no profile, or departs from one ("what if").
SEED_FLAGS = (
    SeedFlag("--model", "model.id", str),
    SeedFlag("--revision", "model.revision", str),
    SeedFlag("--dtype", "model.dtype", str),
    SeedFlag("--quantization", "model.quantization", str),
    SeedFlag("--kv-cache-dtype", "model.kv_cache_dtype", str),
    SeedFlag("--max-model-len", "model.max_model_len", int),
    SeedFlag("--params-b", "model.params_b", float),
    SeedFlag("--gpu", "hardware.gpu_name", str),
    SeedFlag("--gpus", "hardware.gpus", int),
    SeedFlag("--vram-gb", "hardware.vram_gb", float),
    SeedFlag("--tensor-parallel-size", "hardware.tp_size", int),
    SeedFlag("--interconnect", "hardware.interconnect", str),
    SeedFlag("--prompt-tokens", "workload.prompt_tokens", int),
    SeedFlag("--gen-tokens", "workload.gen_tokens", int),
    SeedFlag("--concurrency", "workload.concurrency", int),
    SeedFlag("--batching-mode", "workload.mode", str),
    SeedFlag("--gpu-memory-utilization", "policy.gpu_memory_utilization", float),
    SeedFlag("--overhead-gb", "policy.overhead_gb", float),
    SeedFlag("--fragmentation-factor", "policy.fragmentation_factor", float),
    SeedFlag("--headroom-gb", "policy.headroom_gb", float),
)


def parse(argv: Sequence[str], context: Context) -> argparse.Namespace | int:
    """The arguments, or the exit code where argparse has said all there is to say."""
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    if not hasattr(arguments, "run"):
        context.err.write(parser.format_usage() + "error: a command is needed\n")
        return 2
    return arguments


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="replanner",
        description="Plan vLLM deployments from profiles, and re-plan them when something moves.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"replanner {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (run, about, fill) in _COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        fill(command)
        command.set_defaults(run=run)
    return parser


def seed_values(arguments: argparse.Namespace) -> dict[str, object]:
    """Dotted profile keys that were given as flags."""
    given = vars(arguments)
    return {flag.key: given[flag.key] for flag in SEED_FLAGS if given.get(flag.key) is not None}


def _seed(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("instead of a profile, or on top of it")
    group.add_argument("--profile", action="append", default=[], metavar="FILE")
    for flag in SEED_FLAGS:
        group.add_argument(flag.flag, dest=flag.key, type=flag.type, metavar="VALUE", help=flag.key)


def _where(command: argparse.ArgumentParser) -> None:
    command.add_argument("--repo", metavar="DIR", help="the root (default: the nearest .git)")
    command.add_argument("--hub", metavar="DIR", help="read models from this local hub")


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="JSON on standard output")


def _plan(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="*", metavar="PROFILE")
    _json(command)
    command.add_argument(
        "--explain", action="store_true", help="say why each setting has its value"
    )
    _where(command)
    _seed(command)


def _generate(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="*", metavar="PROFILE", help="'-' is a plan on stdin")
    command.add_argument("--output-dir", metavar="DIR", help="default: the profile's outputs.dir")
    command.add_argument("--emit", metavar="LIST", help="renderers, comma separated")
    _where(command)
    _seed(command)


def _validate(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="+", metavar="PROFILE")


def _check(command: argparse.ArgumentParser) -> None:
    _json(command)
    _where(command)


def _diff(command: argparse.ArgumentParser) -> None:
    command.add_argument("old", help="a plan.json, a profile or a git revision")
    command.add_argument("new", help="the same kind")
    _json(command)
    _where(command)


def _replan(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="show what would be proposed")
    _json(command)
    _where(command)


def _init(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", help="Hugging Face id of the first profile's model")
    command.add_argument("--gpu", help="GPU name of the first profile")
    command.add_argument("--repo", metavar="DIR", help="the root (default: the nearest .git)")


def _catalog(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", choices=tuple(inspecting.CATALOGS))
    _json(command)


def _nothing(command: argparse.ArgumentParser) -> None:
    del command


Fill = Callable[[argparse.ArgumentParser], None]
_COMMANDS: Mapping[str, tuple[Command, str, Fill]] = {
    "plan": (planning.run, "Say whether profiles fit, with which settings and how fast.", _plan),
    "generate": (generating.run, "Write the files that deploy a plan.", _generate),
    "check": (looping.check, "Compare the committed files with what the profiles give.", _check),
    "diff": (looping.diff, "Say what changed between two plans, and why.", _diff),
    "replan": (looping.replan, "Propose new files for whatever moved.", _replan),
    "validate": (inspecting.validate, "Check profiles without planning them.", _validate),
    "detect": (inspecting.detect, "List this machine's GPUs.", _json),
    "catalog": (inspecting.catalog, "List what this planner knows.", _catalog),
    "schema": (inspecting.schema, "Print the profile's JSON Schema.", _nothing),
    "init": (inspecting.init, "Write a starter profile and the files around it.", _init),
}
