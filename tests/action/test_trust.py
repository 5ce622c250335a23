"""A Hub that only a company's own authority vouches for is trusted where `ca-bundle` names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from certificates import certificates
from fake_github import fake_github

from replanner.action.trust import trusting

ASK = """
import os, sys
from pathlib import Path
from replanner.action.trust import trusting
from replanner.errors import ReplannerError
from replanner.hub.huggingface import HuggingFaceHub
with trusting(Path(sys.argv[2]) if sys.argv[2] else None, os.environ):
    try:
        HuggingFaceHub(endpoint=sys.argv[1], retry_waits_s=()).resolve("acme/tiny", "main")
    except ReplannerError as error:
        print(error.message)
"""


@pytest.mark.parametrize("trusted", [True, False])
def test_the_hub_is_trusted_by_the_bundle(tmp_path: Path, trusted: bool) -> None:  # noqa: FBT001 - a row's value
    bundle, server = certificates(tmp_path)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with fake_github(server) as hub:
        asked = [sys.executable, "-c", ASK, hub.url, str(bundle) if trusted else ""]
        done = subprocess.run(asked, env=env, capture_output=True, text=True, check=True)
    # It is no Hub, and says so in its own way: but it was heard.
    heard = "could not be reached" not in done.stdout
    assert heard is trusted, done.stdout
    assert done.stdout


def test_what_was_trusted_before_is_trusted_again(tmp_path: Path) -> None:
    bundle, _ = certificates(tmp_path)
    env = {"SSL_CERT_FILE": "/etc/ssl/own.pem"}
    with trusting(bundle, env):
        merged = Path(env["SSL_CERT_FILE"])
        assert merged.read_text().count("BEGIN CERTIFICATE") > 10
        assert bundle.read_text() in merged.read_text()
    assert env == {"SSL_CERT_FILE": "/etc/ssl/own.pem"}
    assert not merged.exists()
    with trusting(None, env):
        assert env == {"SSL_CERT_FILE": "/etc/ssl/own.pem"}
