"""A Hub with two small models that tests can move, and what stands in them."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMALL = "acme/small-8b"
LARGE = "acme/large-8x7b"


@dataclass
class Hub:
    """Models that move; what is committed here is what a publisher does."""

    url: str

    def commit(self, model: str, files: Mapping[str, str], message: str = "change") -> None:
        self._put("POST", "/_tools/commit", {"model": model, "files": files, "message": message})

    def faults(self, faults: Mapping[str, Any]) -> None:
        self._put("PUT", "/_tools/faults", faults)

    def _put(self, method: str, path: str, body: object) -> None:
        request = urllib.request.Request(
            self.url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30):
            pass
