"""Data with sources, as JSON files in this folder; decides nothing, only finds and reads them once.

`gpus.json` and `instances.json` keep one row a line, so that a correction is a one-line diff.
"""

import functools
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from replanner.errors import InputError

_FOLDER = Path(__file__).parent
# Versions out of profiles become names ("vllm/0.33.0"): nothing may climb out of this folder.
_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_.]+)?")


@functools.cache
def load(name: str) -> Any:
    """The parsed `<name>.json`; shared and cached, so callers only read it."""
    path = _FOLDER / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise InputError(f"The catalogue holds no {name!r}.")
    with path.open(encoding="utf-8") as file:
        return json.load(file)


@functools.cache
def version() -> str:
    """What the GPU figures are known by: the first 12 hex digits of their file's sha256."""
    return hashlib.sha256((_FOLDER / "gpus.json").read_bytes()).hexdigest()[:12]
