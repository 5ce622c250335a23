"""Runs `python -m replanner.action` as a workflow's step would: event, inputs, output files."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulated import GitHub
from wire import Sent, Wire

_SECRET = re.compile(r"ghp_[a-z]+|hf_[a-z]+")
_MASK = re.compile(r"^::add-mask::.*$", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What a step left behind."""

    code: int
    outputs: Mapping[str, str]
    summary: str
    log: str
    calls: list[Sent]
    report: Any

    @property
    def writes(self) -> list[Sent]:
        return [call for call in self.calls if call.writes]

    @property
    def annotations(self) -> list[str]:
        marks = ("::error", "::warning", "::notice")
        return [line for line in self.log.splitlines() if line.startswith(marks)]


@dataclass
class Step:
    """One workflow's surroundings; `run` is one step in it."""

    github: GitHub
    wire: Wire
    folder: Path
    hub_url: str = "http://127.0.0.1:9"  # nobody listens there
    number: int = 0

    def run(
        self,
        event: str,
        payload: Mapping[str, Any],
        *,
        expect: int | None = 0,
        api_url: str | None = None,
        env: Mapping[str, str] | None = None,
        **inputs: str,
    ) -> Ran:
        """Runs to the end; `expect` is the exit code that must come out."""
        process = self.start(event, payload, api_url=api_url, env=env, **inputs)
        log, _ = process.communicate(timeout=240)
        ran = self.collect(process.returncode, log)
        if expect is not None:
            assert ran.code == expect, ran.log
        return ran

    def start(
        self,
        event: str,
        payload: Mapping[str, Any],
        *,
        api_url: str | None = None,
        env: Mapping[str, str] | None = None,
        **inputs: str,
    ) -> "subprocess.Popen[str]":
        self.number += 1
        self.wire.sent.clear()
        for old in ("outputs", "summary.md"):
            (self.folder / old).write_text("")
        (self.folder / "replanner-report.json").unlink(missing_ok=True)
        (self.folder / "event.json").write_text(json.dumps(payload))
        full = {
            **self._environment(event, payload, api_url or self.wire.url),
            **self._inputs(inputs),
            **(env or {}),
        }
        command, around = self.command(full)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=around,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, env: Mapping[str, str]) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        """What runs with `env`, and the environment of the command itself."""
        return [sys.executable, Path(__file__).with_name("quick_action.py")], env

    def _environment(self, event: str, payload: Mapping[str, Any], api_url: str) -> dict[str, str]:
        pull = payload.get("pull_request") or {}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            **{k: v for k, v in os.environ.items() if k.startswith("COV_CORE")},
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_REPOSITORY": self.github.repository,
            "GITHUB_REPOSITORY_OWNER": self.github.repository.partition("/")[0],
            "GITHUB_ACTOR": str(payload.get("sender", {}).get("login", "acme-bot")),
            "GITHUB_SHA": str(pull.get("head", {}).get("sha") or ""),  # no run relies on it
            "GITHUB_REF": f"refs/pull/{pull['number']}/merge" if pull else "refs/heads/main",
            "GITHUB_BASE_REF": str(pull.get("base", {}).get("ref", "")),
            "GITHUB_HEAD_REF": str(pull.get("head", {}).get("ref", "")),
            "GITHUB_API_URL": api_url,
            "GITHUB_GRAPHQL_URL": f"{api_url}/graphql",
            "GITHUB_SERVER_URL": api_url,
            "GITHUB_RUN_ID": "700",
            "GITHUB_RUN_NUMBER": str(self.number),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_JOB": "plan",
            "GITHUB_WORKFLOW": "replanner",
            "RUNNER_TEMP": str(self.folder),
        }

    def _inputs(self, inputs: Mapping[str, str]) -> dict[str, str]:
        asked = {
            "token": self.github.token,
            "hf_endpoint": self.hub_url,
            **inputs,
        }
        # As the runner names them: upper case, hyphens kept.
        return {f"INPUT_{name.upper().replace('_', '-')}": text for name, text in asked.items()}

    def collect(self, code: int, log: str) -> Ran:
        report = self.folder / "replanner-report.json"
        ran = Ran(
            code,
            _outputs((self.folder / "outputs").read_text()),
            (self.folder / "summary.md").read_text(),
            log,
            list(self.wire.sent),
            json.loads(report.read_text()) if report.exists() else None,
        )
        assert "Traceback" not in log, log
        assert not _SECRET.findall(_MASK.sub("", log)), log
        wrong = self.github.violations()
        assert not wrong, wrong
        return ran


def _outputs(text: str) -> dict[str, str]:
    """The outputs file as the runner reads it: `name=value`, or a block between delimiters."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, mark, value = line.partition("=")
        if mark and "<<" not in name:
            found[name] = value
            continue
        name, mark, delimiter = line.partition("<<")
        assert mark, f"not an output: {line!r}"
        block = []
        for inner in lines:
            if inner == delimiter:
                break
            block.append(inner)
        found[name] = "\n".join(block)
    return found


# --- events as GitHub sends them, as far as anybody reads them


def pull_event(github: GitHub, number: int, action: str = "synchronize", **more: Any) -> Any:
    return {
        "action": action,
        "number": number,
        "pull_request": github.pull(number),
        "repository": github.repo("GET", ""),
        "sender": {"login": "acme-bot", "type": "User"},
        **more,
    }


def push_event(github: GitHub, branch: str = "main", **more: Any) -> Any:
    return {
        "ref": f"refs/heads/{branch}",
        "before": "0" * 40,
        "after": github.head(branch),
        "repository": github.repo("GET", ""),
        "sender": {"login": "acme-bot", "type": "User"},
        **more,
    }


def schedule_event(github: GitHub) -> Any:
    return {"schedule": "17 */6 * * *", "repository": github.repo("GET", "")}
