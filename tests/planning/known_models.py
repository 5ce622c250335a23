"""Published models: their configurations (keys that matter) and what vLLM 0.33.0 makes of them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from replanner.planning.facts import ModelFacts
from replanner.planning.model_facts import model_facts

FOLDER = Path(__file__).parent.parent / "data" / "models"


@dataclass(frozen=True)
class Known:
    """`weight_bytes` by tensor parallel size, `parameters` where transformers can count them."""

    name: str
    parameters: int | None
    weight_bytes: dict[int, int]


def _known() -> tuple[Known, ...]:
    models = json.loads((FOLDER / "expected.json").read_text())["models"]
    return tuple(
        Known(name, row["parameters"], {int(tp): b for tp, b in row["weight_bytes"].items()})
        for name, row in models.items()
    )


KNOWN = _known()
NAMES = [known.name for known in KNOWN]


def config(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / name / "config.json").read_text())


def quant_config(name: str) -> dict[str, Any] | None:
    path = FOLDER / name / "hf_quant_config.json"
    return json.loads(path.read_text()) if path.exists() else None


@cache
def facts(name: str) -> ModelFacts:
    return model_facts(config(name), quant_config=quant_config(name))
