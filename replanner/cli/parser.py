"""Decides what may be written on the command line: commands, flags, their types."""

import argparse
import gc
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from replanner import __version__
from replanner.cli.context import Context
from replanner.cli.seed import add_seed_flags

Fill = Callable[[argparse.ArgumentParser], None]
_EXIT_CODES = """\
exit codes: 0 fine; 1 the plan is bad, or files are stale; 2 bad input or usage;
3 an upstream could not be reached; 4 a bug"""


def parse(argv: Sequence[str], context: Context) -> argparse.Namespace | int:
    """The arguments, or the exit code where argparse has said all there is to say."""
    known = bool(argv) and argv[0] in _COMMANDS
    parser = _command_parser(argv[0]) if known else _overview()
    try:
        arguments = parser.parse_args(argv[1:] if known else argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    if not known:
        context.err.write(parser.format_usage() + "error: a command is needed\n")
        return 2
    return arguments


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Run the command that was asked for; only its module is imported."""
    module, function = _COMMANDS[arguments.command][0].split(":")
    command = getattr(import_module(f"replanner.cli.{module}"), function)
    gc.freeze()  # what the modules hold stays, so the collector never looks through it
    gc.enable()
    code: int = command(arguments, context)
    return code


def _command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command; those of the others would cost more than they tell."""
    _, about, fill = _COMMANDS[name]
    parser = argparse.ArgumentParser(
        prog=f"replanner {name}", description=about, allow_abbrev=False
    )
    fill(parser)
    parser.set_defaults(command=name)
    return parser


def _overview() -> argparse.ArgumentParser:
    """The parser without a command: help, version, and the list of commands."""
    parser = argparse.ArgumentParser(
        prog="replanner",
        description="Plan vLLM deployments from profiles, and re-plan them when something moves.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"replanner {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (_, about, _) in _COMMANDS.items():
        commands.add_parser(name, help=about)
    return parser


def _where(command: argparse.ArgumentParser) -> None:
    command.add_argument("--repo", metavar="DIR", help="the root (default: the nearest .git)")
    command.add_argument("--hub", metavar="DIR", help="read models from this local hub")


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="JSON on standard output")


def _forge(command: argparse.ArgumentParser) -> None:
    command.add_argument("--forge", choices=("local", "github"), default="local")
    command.add_argument("--repository", metavar="OWNER/NAME", help="with --forge github")


def _plan(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="*", metavar="PROFILE")
    _json(command)
    command.add_argument(
        "--explain", action="store_true", help="say why each setting is what it is"
    )
    _where(command)
    add_seed_flags(command)


def _generate(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="*", metavar="PROFILE", help="'-' is a plan on stdin")
    command.add_argument("--output-dir", metavar="DIR", help="default: the profile's outputs.dir")
    command.add_argument("--emit", metavar="LIST", help="renderers, comma separated")
    _where(command)
    add_seed_flags(command)


def _validate(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="+", metavar="PROFILE")


def _check(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="*", metavar="PROFILE", help="default: all of them")
    _json(command)
    _where(command)


def _apply(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="*", metavar="PROFILE", help="default: all of them")
    command.add_argument("--dry-run", action="store_true", help="say what would be done")
    command.add_argument("--force", action="store_true", help="overwrite hand-edited files too")
    _forge(command)
    command.add_argument("--pr", metavar="N", type=int, help="with --forge github: whose branch")
    _json(command)
    _where(command)


def _diff(command: argparse.ArgumentParser) -> None:
    command.add_argument("old", metavar="OLD", help="a plan.json, a profile or a git revision")
    command.add_argument("new", metavar="NEW", help="the same kind")
    _json(command)
    _where(command)


def _verify(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs=1, metavar="PROFILE")
    command.add_argument("--log", metavar="FILE", help="what vLLM printed at start-up; - is stdin")
    command.add_argument(
        "--metrics", metavar="URL", help="the running server's /metrics, or a file with it"
    )
    command.add_argument(
        "--tolerance",
        metavar="PERCENT",
        type=float,
        default=5.0,
        help="how far weights and KV cache may be off (default: 5)",
    )
    command.add_argument(
        "--calibrate",
        action="store_true",
        help="write the measured figures into the profile, for its next plan",
    )
    command.set_defaults(profile=[])
    _json(command)
    _where(command)


def _replan(command: argparse.ArgumentParser) -> None:
    command.add_argument("profiles", nargs="*", metavar="PROFILE", help="default: all of them")
    command.add_argument("--base", metavar="BRANCH", help="the branch to propose to")
    _forge(command)
    command.add_argument("--dry-run", action="store_true", help="say what would be done")
    from replanner.cli.wishes import add_wishes  # noqa: PLC0415 - only this command has them

    add_wishes(command)
    _json(command)
    _where(command)


def _init(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", metavar="ID", help="Hub id of the first profile's model")
    command.add_argument("--gpu", metavar="NAME", help="GPU of the first profile")
    command.add_argument("--repo", metavar="DIR", help="the root (default: the nearest .git)")


def _catalog(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", choices=("gpus", "instances", "quantizations", "renderers"))
    _json(command)


_SCHEMAS: Mapping[str, str] = {
    "config": "that of .github/replanner.yaml",
    "report": "that of the Action's report",
}


def _schema(command: argparse.ArgumentParser) -> None:
    others = command.add_mutually_exclusive_group()
    for name, what in _SCHEMAS.items():
        others.add_argument(f"--{name}", dest="of", action="store_const", const=name, help=what)
    command.set_defaults(of="profile")


def _server(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE", help="settings (default: REPLANNER_CONFIG)")


def _part(command: argparse.ArgumentParser) -> None:
    _server(command)
    # `serve` tells its parts whose end is theirs too.
    command.add_argument("--parent", type=int, help=argparse.SUPPRESS)


def _worker(command: argparse.ArgumentParser) -> None:
    _part(command)
    command.add_argument(
        "--slot", metavar="N", type=int, help="its number (default: REPLANNER_WORKER_SLOT, or 0)"
    )


def _dead(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", choices=("list", "retry"))
    command.add_argument("ids", nargs="*", metavar="ID", help="with retry: which ones")
    command.add_argument("--all", action="store_true", help="with retry: every one")
    _json(command)
    _server(command)


_COMMANDS: Mapping[str, tuple[str, str, Fill]] = {
    "plan": ("planning:plan", "Say whether profiles fit, how, and how fast.", _plan),
    "generate": ("planning:generate", "Write the files that deploy a plan.", _generate),
    "check": ("looping:check", "Compare committed files with what profiles give.", _check),
    "apply": ("looping:apply", "Write the files that check misses or finds out of date.", _apply),
    "verify": ("verifying:verify", "Compare a plan with what its server printed.", _verify),
    "diff": ("looping:diff", "Say what changed between two plans, and why.", _diff),
    "replan": ("proposing:replan", "Propose new files for whatever moved.", _replan),
    "validate": ("inspecting:validate", "Check profiles without planning them.", _validate),
    "detect": ("inspecting:detect", "List this machine's GPUs.", _json),
    "catalog": ("inspecting:catalog", "List what this planner knows.", _catalog),
    "schema": ("inspecting:schema", "Print the profile's JSON Schema.", _schema),
    "init": ("inspecting:init", "Write a starter profile and the files around it.", _init),
    "serve": ("serving:serve", "Receive webhooks and act on them: web and worker.", _server),
    "web": ("serving:web", "Receive webhooks only.", _part),
    "worker": ("serving:worker", "Act on what was received only.", _worker),
    "migrate": ("serving:migrate", "Make or update the server's store.", _server),
    "doctor": ("serving:doctor", "Say what is wrong with the server.", _server),
    "ready": ("serving:ready", "Ask the server's web whether it is ready.", _server),
    "dead": ("serving:dead", "List the jobs that were set aside, or retry them.", _dead),
}
