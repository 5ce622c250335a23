"""What a base branch asks for, as far as a token that may not administer it can see."""

from collections.abc import Iterator

import pytest
from fake_github import FakeGitHub, Reply, fake_github

from replanner.forge.github.guards import Guards, guards_of
from replanner.forge.github.session import Connection, Pace, Session

TOKEN = "ghp_" + "s" * 36
CHECKS = {"required_status_checks": {"enforcement_level": "everyone", "contexts": ["ci"]}}
NO_CHECKS = {"required_status_checks": {"contexts": [], "checks": []}}
STRICT = {
    "type": "required_status_checks",
    "parameters": {"strict_required_status_checks_policy": True},
}
LOOSE = {**STRICT, "parameters": {"strict_required_status_checks_policy": False}}
OTHER = {"type": "deletion"}
HIDDEN = Reply(404, {"message": "Not Found"})
DENIED = Reply(403, {"message": "Resource not accessible by integration"})


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


@pytest.mark.parametrize(
    ("protected", "protection", "rules", "guards"),
    [
        (False, None, HIDDEN, Guards(guarded=False)),
        (True, CHECKS, Reply(body=[]), Guards(guarded=True)),
        (True, CHECKS, HIDDEN, Guards(guarded=True)),
        (True, NO_CHECKS, Reply(body=[OTHER]), Guards(guarded=False)),
        (True, NO_CHECKS, HIDDEN, Guards(guarded=None)),
        (True, None, DENIED, Guards(guarded=None)),
        (True, None, Reply(body=[OTHER, LOOSE]), Guards(guarded=True)),
        (True, None, Reply(body=[LOOSE, STRICT]), Guards(guarded=True, strict=True)),
        (
            True,
            {"required_status_checks": {"contexts": ["ci"], "strict": True}},
            Reply(body=[]),
            Guards(guarded=True, strict=True),
        ),
    ],
)
def test_guards_are_seen(
    fake: FakeGitHub, protected: object, protection: object, rules: Reply, guards: Guards
) -> None:
    branch = {"name": "release/1", "protected": protected, "protection": protection}
    fake.on("GET", "/branches/release/1$", Reply(body=branch))
    fake.on("GET", "/rules/branches/release/1$", rules)
    where = Connection(
        repository="acme/infra",
        token=TOKEN,
        api_url=fake.url,
        pace=Pace(0, 0, 1, 0),
    )
    with Session(where) as session:
        assert guards_of(session, "release/1") == guards
    assert len(fake.asked) <= 2
