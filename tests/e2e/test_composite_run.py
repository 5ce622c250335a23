"""The composite's step against a GitHub: what runners without Docker run."""

import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from action_run import Step, pull_event
from emulated import GitHub
from stories import profile

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "cli" / "step.py"
CHAT = "profiles/chat.yaml"


class CompositeStep(Step):
    """Inputs reach a composite's step by names that a shell can pass on."""

    def command(self, env: Mapping[str, str]) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        around = {
            name.replace("-", "_") if name.startswith("INPUT_") else name: text
            for name, text in env.items()
        }
        return [sys.executable, "-I", SCRIPT], around


def ready_environment(step: Step) -> None:
    """As an earlier step of the job leaves it, with this Python for the installed one: packages
    come from an index, which tests do not ask."""
    made = runpy.run_path(str(SCRIPT))
    folder = made["environment_for"](step.folder)
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / "done").touch()


def test_the_composites_step_comments_and_passes_on_outputs_and_exit_code(
    step: Step, github: GitHub
) -> None:
    github.push({CHAT: profile()})
    github.push({CHAT: profile("acme/large-8x7b", gpu="L4")}, branch="change", start="main")
    number = github.open_pull("change")
    composite = CompositeStep(github, step.wire, step.folder, step.hub_url)
    ready_environment(composite)
    (step.folder / "replanner").mkdir()
    (step.folder / "replanner" / "__init__.py").write_text("raise SystemExit('a checkout ran')\n")
    event = pull_event(github, number, "opened")
    ran = composite.run("pull_request", event, report_path="out/r.json", expect=1)
    assert ran.outputs["verdict"] == "infeasible"
    assert ran.outputs["report-path"] == "out/r.json"
    assert len(github.comments(number)) == 1
