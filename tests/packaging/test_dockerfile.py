"""The Dockerfile keeps to what GitHub asks of container actions, and to hashes."""

import re

from engines import lint
from peers import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
FINAL = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_hadolint_finds_nothing() -> None:
    lint("hadolint", "Dockerfile")


def test_the_runner_chooses_user_and_folder() -> None:
    assert not re.search(r"^(USER|WORKDIR|CMD)\b", FINAL, re.MULTILINE)


def test_the_entry_point_is_absolute_and_isolated() -> None:
    [entry] = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    assert entry == '["/opt/replanner/bin/python", "-I", "-u", "-m", "replanner.action"]'


def test_everything_that_is_fetched_is_checked_by_its_hash() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install [^&\n]*", DOCKERFILE)
    assert len(installs) == 3
    for install in installs:
        locked = "--require-hashes" in install and "--only-binary :all:" in install
        assert locked or "--no-deps" in install


def test_the_base_can_be_pinned_by_digest() -> None:
    assert re.findall(r"^ARG BASE=(.*)$", DOCKERFILE, re.MULTILINE) == ["python:3.12-slim"]
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE}", "${BASE}"]


def test_only_named_files_reach_the_engine() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    named = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE))
    assert named == set(copied.split())


def test_the_locks_pin_everything_by_hash() -> None:
    for path in ROOT.glob("requirements*.lock"):
        for block in re.split(r"\n(?=\S)", path.read_text().strip()):
            assert re.match(r"[\w.-]+==\S+", block), f"{path.name}: {block[:60]}"
            assert "--hash=sha256:" in block, f"{path.name}: {block[:60]}"
