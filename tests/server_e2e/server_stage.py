"""A server of one's own between an emulated GitHub, a Hub and a registry, on real sockets."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from emulated import APP_ID, OWNER, REPOSITORY, GitHub
from models_hub import SMALL, Hub
from oci_server import Registry
from sending import GITHUB, HUB, model_moved, post
from wire import wired

T = TypeVar("T")
_PATIENCE_S = 90.0
_APP = f"app: {{id: {APP_ID}, private_key_file: app.pem}}"
_BEARER = "a-secret-of-the-registry-0123456789"
SETTINGS = """\
listen: 127.0.0.1:0
github: {{api_url: '{github}', {credential}, repositories: [{repository}]}}
hub: {{endpoint: '{hub}'}}
registries: {{hosts: ['{registry}']}}
sources:
  huggingface: {{secrets_file: hub}}
  github: {{secrets_file: github}}
  docker_distribution: {{secrets_file: registry}}
debounce_seconds: 1
reconcile_minutes: {minutes}
min_free_mb: 0
"""


def until(look: Callable[[], T]) -> T:
    """What `look` finds, as soon as it is something."""
    end = time.monotonic() + _PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)
    return found


def signed(event: str, payload: object, guid: str) -> tuple[bytes, dict[str, str]]:
    """A delivery as GitHub signs it."""
    body = json.dumps(payload).encode()
    signature = hmac.new(GITHUB.encode(), body, hashlib.sha256).hexdigest()
    return body, {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": f"sha256={signature}",
    }


@dataclass
class Stage:
    """The world of one story; `start` starts the server in it."""

    github: GitHub
    hub: Hub
    registry: Registry
    folder: Path
    url: str = ""

    @contextmanager
    def app_server(self) -> Iterator[None]:
        """`replanner serve` with the key of a GitHub App, to which GitHub says who it is."""
        (self.folder / "app.pem").write_text(self.github.app_key)
        with wired(self.github.url) as wire:
            wire.altered = self.github.seen_by_app
            there = {"total_count": 1, "repositories": [{"full_name": REPOSITORY}]}
            wire.lacking["/installation/repositories"] = there
            with self.server(github=wire.url, credential=_APP):
                yield

    @contextmanager
    def server(
        self, *, minutes: int = 0, github: str = "", credential: str = "token_file: token"
    ) -> Iterator[None]:
        """`replanner serve`, with a webhook of the repository that leads to it."""
        told = {"github": github or self.github.url, "credential": credential}
        told |= {"hub": self.hub.url, "registry": self.registry.host}
        config, log = self.folder / "server.yaml", self.folder / "server.log"
        config.write_text(SETTINGS.format(repository=REPOSITORY, minutes=minutes, **told))
        for name, text in (("token", OWNER), ("hub", HUB), ("github", GITHUB)):
            (self.folder / name).write_text(text)
        (self.folder / "registry").write_text(_BEARER)
        words = [sys.executable, "-m", "replanner", "serve", "--config", str(config)]
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        with log.open("ab") as output:
            process = subprocess.Popen(words, stderr=output, stdout=output, env=environment)
        try:
            self.url = until(lambda: self._address(process))
            yield
        finally:
            process.terminate()
            process.wait(60)

    def _address(self, process: "subprocess.Popen[bytes]") -> str:
        assert process.poll() is None, self.log
        found = [one for one in self._lines() if one.get("message") == "listening"]
        address = str(found[-1]["address"]) if found else ""
        return address if not address or "://" in address else f"http://{address}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def _lines(self) -> list[Mapping[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines() if line[:1] == "{"]

    def listens(self) -> None:
        """GitHub sends the repository's events from here on."""
        told = {"url": f"{self.url}/webhooks/github", "content_type": "json", "secret": GITHUB}
        hook = {"name": "web", "active": True, "events": ["*"], "config": told}
        self.github.repo("POST", "/hooks", hook)

    # --- what senders do

    def model_moved(self, model: str = SMALL, number: int = 0) -> int:
        return post(self.url, "huggingface", model_moved(model, number)).status

    def commented(self, number: int, text: str, *, token: str = OWNER) -> int:
        """Somebody comments below a pull request; told as GitHub tells it, since the emulator's
        payload does not say that the issue is a pull request."""
        at = f"/repos/{REPOSITORY}/issues/{number}/comments"
        made = self.github.api("POST", at, {"body": text}, token=token)
        payload = {
            "action": "created",
            "issue": {"number": number, "pull_request": {}, "user": {"login": "ada"}, "body": ""},
            "comment": {"id": made["id"], "body": text, "user": made["user"]},
            "repository": {"full_name": REPOSITORY, "default_branch": "main"},
            "sender": made["user"],
        }
        delivery = signed("issue_comment", payload, f"guid-{made['id']}")
        return post(self.url, "github", delivery).status

    def pressed(self, run: Mapping[str, Any], button: str, who: str) -> int:
        """Somebody presses a button of a check run, or "Re-run" where that is empty; GitHub names
        no pull requests there for forks."""
        shown = {**run, "app": {"id": APP_ID}, "pull_requests": []}
        payload = {
            "action": "requested_action" if button else "rerequested",
            "check_run": shown,
            **({"requested_action": {"identifier": button}} if button else {}),
        }
        return self.told("check_run", payload, who)

    def told(self, event: str, payload: Mapping[str, object], who: str) -> int:
        """An event of the repository, as GitHub tells it."""
        common = {
            "repository": {"full_name": REPOSITORY, "default_branch": "main"},
            "sender": {"login": who, "type": "User"},
        }
        delivery = signed(event, {**common, **payload}, f"guid-{time.monotonic_ns()}")
        return post(self.url, "github", delivery).status

    def image_pushed(self, path: str, tag: str, digest: str) -> int:
        target = {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": digest,
            "repository": path,
            "tag": tag,
        }
        event = {"id": digest[-36:], "action": "push", "target": target} | {
            "request": {"host": self.registry.host}
        }
        headers = {
            "Content-Type": "application/vnd.docker.distribution.events.v2+json",
            "Authorization": f"Bearer {_BEARER}",
        }
        body = json.dumps({"events": [event]}).encode()
        return post(self.url, "docker_distribution", (body, headers)).status
