"""The runner's file and environment become an event, or a sentence that says what is wrong."""

import json
from pathlib import Path

import pytest

from replanner.action.event import MOST_BYTES, read_event
from replanner.errors import InputError

REPO = "acme/infra"


def env_for(path: Path, name: str = "schedule") -> dict[str, str]:
    return {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": REPO,
    }


def test_an_event_is_read_from_the_runners_file(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"action": "started", "repository": {"full_name": "evil/other"}}))
    event = read_event(env_for(file, "watch"))
    assert (event.name, event.action, event.repository) == ("watch", "started", REPO)
    assert read_event({**env_for(file), "GITHUB_ACTOR": "hubot"}).actor == "hubot"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no JSON object"),
        ('"' + "x" * MOST_BYTES + '"', "larger than 25 MB"),
        ("\udcff", "is no JSON"),
    ],
)
def test_a_payload_that_is_none_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=said):
        read_event(env_for(file))


@pytest.mark.parametrize(
    ("missing", "said"),
    [("GITHUB_EVENT_NAME", "GITHUB_EVENT_NAME is not set"), ("GITHUB_EVENT_PATH", "PATH is not")],
)
def test_outside_a_runner_the_reason_is_told(tmp_path: Path, missing: str, said: str) -> None:
    env = env_for(tmp_path / "event.json")
    del env[missing]
    with pytest.raises(InputError, match=said):
        read_event(env)
    with pytest.raises(InputError, match="cannot be read"):
        read_event(env_for(tmp_path / "nowhere.json"))
