"""A running Hub server as the tests talk to it."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hub:
    """A running server: where it is, which commits it holds, and its tools."""

    url: str
    commits: dict[str, list[str]]

    def tool(self, method: str, name: str, body: object = None) -> Any:
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.url}/_tools/{name}", data, headers, method=method)
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def fault(self, model: str, kind: str, **more: object) -> str:
        self.tool("PUT", "faults", {model: {"kind": kind, **more}})
        return model

    def commit(self, model: str, **files: bytes) -> str:
        text = {name.replace("_json", ".json"): data.decode() for name, data in files.items()}
        return str(self.tool("POST", "commit", {"model": model, "files": text})["sha"])

    def asked(self, run: Callable[[], object]) -> list[dict[str, Any]]:
        """The requests that `run` made."""
        before = len(self.tool("GET", "log"))
        run()
        return list(self.tool("GET", "log")[before:])
