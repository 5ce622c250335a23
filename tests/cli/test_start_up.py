"""What the everyday commands import; `make bench` watches what that costs."""

import re

import pytest
from running import Run

_COMMANDS = {
    "plan": ["plan", "--json", "profiles/llama.yaml"],
    "generate": ["generate", "profiles/llama.yaml", "--output-dir", "out"],
    "check": ["check"],
}


@pytest.mark.parametrize("command", _COMMANDS.values(), ids=_COMMANDS)
def test_planning_imports_neither_pydantic_nor_a_hub_client(run: Run, command: list[str]) -> None:
    told = run(*command, env={"PYTHONPROFILEIMPORTTIME": "1"}).stderr
    imported = set(re.findall(r"(?m)^import time:.*\| +(\S+)$", told))
    assert "replanner.resolve" in imported
    assert imported.isdisjoint({"pydantic", "huggingface_hub", "github", "http.client"})
