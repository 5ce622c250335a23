"""GitHub's deliveries become what the Action sees too, or images, or nothing with a reason."""

import json
from typing import Any

import pytest
from deliveries import SECRET, github, hex_of, read, received, request
from peers import INSTALLED

from replanner.event import Event, PullFacts
from replanner.webhooks.events import HookEvent, ImageMoved, RepositoryEvent, from_json, to_json
from replanner.webhooks.source import Received, Refusal

BASE, HEAD = "b" * 40, "a" * 40
COMMON: dict[str, Any] = {
    "repository": {"id": 1, "full_name": "acme/infra", "default_branch": "main"},
    "sender": {"login": "octo"},
}
DIGEST = "sha256:" + "fe" * 32


def told(event: str, payload: dict[str, Any]) -> Received:
    return received("github", github(event, {**COMMON, **payload}))


def event_in(found: Received) -> Event:
    (only,) = found.events
    assert isinstance(only, RepositoryEvent)
    return only.event


def test_a_push_is_the_event_that_the_action_sees() -> None:
    push = {"ref": "refs/heads/main", "before": BASE, "after": HEAD}
    event = event_in(told("push", push))
    assert (event.branch, event.base, event.head, event.actor) == ("main", BASE, HEAD, "octo")


def test_the_delivery_is_known_by_githubs_name_of_it() -> None:
    assert received("github", github("ping", {}, delivery="guid-1")).delivery_key == "guid-1"
    nameless = received("github", github("ping", {}, delivery=""))
    assert len(nameless.delivery_key) > 64
    assert nameless.note == "a ping"


COMMENT = {
    "action": "created",
    "issue": {"number": 7, "user": {"login": "octo"}, "pull_request": {"url": "x"}},
    "comment": {"id": 3, "body": "/replan", "user": {"login": "hubot", "type": "User"}},
}


def test_a_comment_below_a_pull_request_is_told() -> None:
    event = event_in(told("issue_comment", COMMENT))
    assert (event.comment, event.commenter, event.pull) == (
        "/replan",
        "hubot",
        PullFacts(7, author="octo"),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"action": "edited"},
        {"action": "deleted"},
        {"issue": {"number": 7}},
        {"comment": {"id": 3, "body": "/replan", "user": {"login": "b[bot]", "type": "Bot"}}},
    ],
)
def test_edited_comments_bots_and_issues_are_nothing_to_do(change: dict[str, Any]) -> None:
    found = told("issue_comment", {**COMMENT, **change})
    assert found.events == ()
    assert found.note


def checked(head_repository: int) -> dict[str, Any]:
    sides = {
        "base": {"ref": "main", "sha": BASE, "repo": {"id": 1}},
        "head": {"ref": "change", "sha": HEAD, "repo": {"id": head_repository}},
    }
    run = {"id": 9, "name": "replanner", "external_id": "pr-7", "head_sha": HEAD, "app": {"id": 12}}
    return {"check_run": {**run, "pull_requests": [{"number": 7, **sides}]}}


def test_a_button_of_a_check_tells_which_and_of_which_pull_request() -> None:
    button = {"action": "requested_action", "requested_action": {"identifier": "apply"}}
    event = event_in(told("check_run", {**button, **checked(1)}))
    assert (event.button, event.check_id, event.check_name, event.check_tag, event.head) == (
        "apply",
        9,
        "replanner",
        "pr-7",
        HEAD,
    )
    assert event.check_app == 12
    assert event.pull == PullFacts(
        7,
        base="main",
        base_commit=BASE,
        head="change",
        head_commit=HEAD,
        head_repository="acme/infra",
    )
    assert not event.is_fork
    assert event_in(told("check_run", {**button, **checked(2)})).is_fork
    elsewhere = {**COMMON["repository"], "id": 3}
    assert (
        event_in(told("check_run", {**button, **checked(1), "repository": elsewhere})).pull is None
    )


def test_a_check_that_is_run_again_needs_no_pull_request() -> None:
    again = {"action": "rerequested", "check_run": {"id": 9, "head_sha": HEAD, "pull_requests": []}}
    assert event_in(told("check_run", again)).pull is None
    suite = {"action": "rerequested", "check_suite": {"head_sha": HEAD, "pull_requests": None}}
    assert event_in(told("check_suite", suite)).head == HEAD


def test_buttons_are_for_people_and_running_again_for_whom_github_lets() -> None:
    bot = {"sender": {"login": "helper[bot]", "type": "Bot"}, **checked(1)}
    button = {"action": "requested_action", "requested_action": {"identifier": "apply"}}
    assert told("check_run", {**button, **bot}).events == ()
    assert event_in(told("check_run", {"action": "rerequested", **bot})).actor == "helper[bot]"


def test_a_suite_that_a_push_brings_is_nothing_to_do() -> None:
    """GitHub tells of the pull request too, and of those from forks only so."""
    suite = {"action": "requested", "check_suite": {"head_sha": HEAD, "pull_requests": []}}
    assert told("check_suite", suite).events == ()


@pytest.mark.parametrize(
    ("example", "told_of"),
    [
        ("check_run/06-requested_action", ("check_run", "lgtm|26764", 25811)),
        ("check_run/07-rerequested", ("check_run", "", 2)),
        ("check_suite/07-rerequested", ("check_suite", "", 29310)),
        ("merge_group/00-checks_requested", ("merge_group", "", None)),
    ],
)
def test_githubs_own_examples_are_understood(
    example: str, told_of: tuple[str, str, int | None]
) -> None:
    file = INSTALLED / "webhooks" / "examples" / f"{example}.json"
    if not file.exists():
        pytest.skip(f"GitHub's examples of payloads are not in {file.parent}")
    name = example.partition("/")[0]
    event = event_in(received("github", github(name, json.loads(file.read_text()))))
    assert (event.name, event.button, event.check_app) == told_of
    assert len(event.head) == 40


def package(name: str, **version: Any) -> dict[str, Any]:
    owner = {"name": "LLM", "owner": {"login": "Acme"}}
    return {"action": "published", name: {**owner, "package_version": version}}


@pytest.mark.parametrize("name", ["package", "registry_package"])
def test_a_container_image_moved(name: str) -> None:
    tagged = {"tag": {"name": "prod", "digest": DIGEST}}
    address = package(name, package_url="ghcr.io/Acme/llm:prod", container_metadata=tagged)
    assert told(name, address).events == (ImageMoved("ghcr.io/acme/llm", "prod", DIGEST),)
    assert told(name, package(name, container_metadata=tagged)).events == (
        ImageMoved("ghcr.io/acme/llm", "prod", DIGEST),
    )
    untagged = {"tag": {"name": "", "digest": DIGEST}}
    colon = package(name, package_url="ghcr.io/acme/llm:", container_metadata=untagged)
    assert told(name, colon).events == (ImageMoved("ghcr.io/acme/llm", "", DIGEST),)
    assert told(name, package(name, package_url="npm.pkg.github.com/x")).events == ()


def test_repositories_that_come_and_go_are_told_one_by_one() -> None:
    created = {"action": "created", "repositories": [{"full_name": "a/b"}, {"full_name": "../x"}]}
    found = received("github", github("installation", {**created, "sender": {"login": "octo"}}))
    assert event_in(found) == Event("installation", "a/b", action="created", actor="octo")
    changed = {
        "action": "removed",
        "repositories_added": [{"full_name": "a/c"}],
        "repositories_removed": [{"full_name": "a/d"}, {"full_name": "a/d"}],
    }
    several = received("github", github("installation_repositories", changed))
    assert several.events == tuple(
        RepositoryEvent(Event("installation_repositories", name, action="removed"))
        for name in ("a/c", "a/d")
    )


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("ping", {"zen": "x"}),
        ("workflow_dispatch", {}),
        ("star", {}),
        ("", {}),
        ("é", {}),
        ("check_run", {"action": "created"}),
        ("check_suite", {"action": "completed"}),
        ("release", {"action": "edited"}),
        ("merge_group", {"action": "destroyed"}),
        ("installation", {"action": "created"}),
        ("workflow_run", {"action": "completed"}),
        ("package", {"action": "deleted"}),
    ],
)
def test_all_else_is_nothing_to_do_and_says_so(name: str, payload: dict[str, Any]) -> None:
    found = told(name, payload)
    assert found.events == ()
    assert found.note


@pytest.mark.parametrize(
    ("name", "payload"), [("push", {}), ("pull_request", {"action": "opened"})]
)
def test_what_lacks_what_it_means_nothing_without_is_422(
    name: str, payload: dict[str, Any]
) -> None:
    answer = read("github", github(name, {**COMMON, **payload}))
    assert isinstance(answer, Refusal)
    assert answer.status == 422


def test_a_form_is_not_taken() -> None:
    body = b"payload=%7B%7D"
    form = request(
        body,
        content_type="application/x-www-form-urlencoded",
        x_hub_signature_256=f"sha256={hex_of(body)}",
    )
    answer = read("github", form)
    assert isinstance(answer, Refusal)
    assert answer.status == 415


def stored(event: HookEvent) -> HookEvent:
    return from_json(json.loads(json.dumps(to_json(event))))


EXAMPLES = INSTALLED / "webhooks" / "examples"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"recorded payloads are not in {EXAMPLES}")
def test_every_recorded_payload_of_github_is_taken() -> None:
    events = 0
    for file in sorted(EXAMPLES.glob("*/*.json")):
        body = file.read_bytes()
        signature = f"sha256={hex_of(body, SECRET)}"
        name = file.parent.name
        found = received(
            "github", request(body, x_github_event=name, x_hub_signature_256=signature)
        )
        assert found.events or found.note, file
        assert tuple(map(stored, found.events)) == found.events
        events += len(found.events)
    assert events > 50
