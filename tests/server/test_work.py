import re
from dataclasses import replace
from pathlib import Path

import pytest
from staged import BASE, CHAT, HEAD, LARGE, REPO, SMALL, profile
from yard import OTHER, Yard, commented, pulled, pushed

from replanner.errors import AccessDenied, InputError, RateLimited, UpstreamError
from replanner.event import Event
from replanner.server.jobs import EVERYTHING
from replanner.webhooks.events import (
    HookEvent,
    ImageMoved,
    ModelMoved,
    RepositoryEvent,
    SubjectMoved,
    to_json,
)

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def keys(yard: Yard, event: HookEvent, **more: object) -> list[str]:
    return [one.key for one in yard.work(**more).targets(to_json(event))]


def tracking(track: str = "stable") -> str:
    return f"{profile()}engine:\n  image: reg.example/acme/vllm:v1\n  image_track: {track}\n"


# --- whom an event concerns


@pytest.mark.parametrize(
    ("event", "concerned"),
    [
        (ModelMoved(SMALL), True),
        (ModelMoved(SMALL.upper()), True),
        (ModelMoved(SMALL, "main"), True),
        (ModelMoved(SMALL, "dev"), False),
        (ModelMoved(LARGE), False),
        (ModelMoved("acme/smaller"), False),
    ],
)
def test_a_model_concerns_who_follows_it(yard: Yard, event: HookEvent, concerned: bool) -> None:  # noqa: FBT001
    assert keys(yard, event) == ([f"{REPO}|update|main"] if concerned else [])


@pytest.mark.parametrize(
    ("event", "concerned"),
    [
        (ImageMoved("reg.example/acme/vllm", "stable", DIGEST), True),
        (ImageMoved("reg.example/acme/vllm"), True),
        (ImageMoved("reg.example/acme/vllm", "nightly"), False),
        (ImageMoved("reg.example/acme/other", "stable"), False),
        (ImageMoved("acme/vllm", "stable"), False),
    ],
)
def test_an_image_concerns_who_follows_its_tag(
    yard: Yard,
    event: HookEvent,
    concerned: bool,  # noqa: FBT001
) -> None:
    yard.base[CHAT] = tracking()
    assert bool(keys(yard, event)) is concerned


def test_an_image_without_a_name_is_one_of_the_usual_ones(yard: Yard) -> None:
    yard.base[CHAT] = profile() + "engine:\n  image_track: v0.33.*\n"
    assert keys(yard, ImageMoved("docker.io/vllm/vllm-openai", "v0.33.1"))
    assert not keys(yard, ImageMoved("docker.io/vllm/vllm-openai", "v0.34.0"))


def test_a_subject_concerns_the_profiles_that_it_is_mapped_to(yard: Yard) -> None:
    event, subjects = SubjectMoved("models/acme/7"), {"models/acme/*": "profiles/c*.yaml"}
    assert keys(yard, event, subjects=subjects) == [f"{REPO}|update|main"]
    assert keys(yard, event, subjects={"models/acme/*": "profiles/x*.yaml"}) == []
    assert keys(yard, event) == []


def test_a_repository_that_is_away_is_looked_at_all_the_same(yard: Yard) -> None:
    yard.error = UpstreamError("GitHub did not answer.")
    assert keys(yard, ModelMoved(LARGE)) == [f"{REPO}|update|"]
    yard.error = AccessDenied("the App was removed.")
    assert keys(yard, ModelMoved(SMALL)) == []


def test_of_one_that_is_away_every_base_is_looked_at_that_is_known_of(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = yard.forge.base(None)
    monkeypatch.setattr(yard.forge, "base", lambda name: replace(main, name=name or "main"))
    yard.base[".github/replanner.yaml"] = "base: [main, live]\n"
    work, clock = yard.work(), iter(range(0, 10_000, 100))
    work._index.clock = lambda: next(clock)
    wanted = {f"{REPO}|update|main", f"{REPO}|update|live"}
    event = to_json(ModelMoved(SMALL))
    assert {one.key for one in work.targets(event)} == wanted
    yard.error = UpstreamError("GitHub did not answer.")
    assert {one.key for one in work.targets(event)} == wanted


def test_a_storm_of_events_reads_a_repository_once(yard: Yard) -> None:
    work = yard.work()
    for _ in range(50):
        assert work.targets(to_json(ModelMoved(SMALL)))
    assert yard.opened == [REPO]


def test_a_profile_that_was_pushed_is_followed_at_once(yard: Yard) -> None:
    work = yard.work()
    assert work.targets(to_json(ModelMoved(LARGE))) == []
    yard.base[CHAT] = profile(LARGE)
    commits = yard.pulls.commits
    commits["c" * 40] = dict(yard.base)
    work.targets(to_json(pushed()))
    yard.now_s += 1
    yard.forge.commits = {BASE: commits["c" * 40]}
    assert [one.repository for one in yard.work().targets(to_json(ModelMoved(LARGE)))] == [REPO]


# --- events of repositories


def test_a_repository_that_is_not_ours_is_never_entered(yard: Yard) -> None:
    event = commented("/replan", repository="evil/infra")
    assert yard.send(event) == []
    assert yard.opened == []


def test_repositories_are_known_by_any_spelling(yard: Yard) -> None:
    (target,) = yard.work().targets(to_json(commented("/replan", repository=REPO.upper())))
    assert target.repository == REPO


def test_a_pull_request_is_reviewed_as_it_is_now(yard: Yard) -> None:
    (account,) = yard.send(pulled())
    assert account["did"] == "reviewed"
    assert account["comment"] == "created"
    assert yard.pulls.done == ["comment 7"]


def test_doing_it_twice_writes_once(yard: Yard) -> None:
    work = yard.work()
    for _ in range(3):
        yard.send(pulled(), work)
    assert yard.pulls.done == ["comment 7"]


def test_a_closed_pull_request_is_left_alone(yard: Yard) -> None:
    yard.pulls.shown = replace(yard.pulls.pull(7), state="closed")
    (account,) = yard.send(pulled())
    assert account["did"] == "nothing"
    assert yard.done() == []


def test_a_fork_is_reviewed_too(yard: Yard) -> None:
    yard.pulls.head_repository = "stranger/infra"
    assert yard.send(pulled())[0]["comment"] == "created"


def test_a_push_that_touches_a_profile_is_proposed_for(yard: Yard) -> None:
    (account,) = yard.send(pushed())
    assert account["did"] == "updated"
    assert account["pulls"] == [12]
    assert [line.partition(" ")[0] for line in yard.forge.done] == ["push", "open"]


@pytest.mark.parametrize(
    "event",
    [
        pushed("replanner/main/acme-small"),
        pushed("topic"),
        pushed(base=BASE, head=BASE),
        pulled("closed"),
        RepositoryEvent(Event("workflow_run", REPO, "completed", "main")),
        RepositoryEvent(Event("star", REPO, "created", "main")),
        RepositoryEvent(Event("installation", REPO, "deleted")),
        RepositoryEvent(Event("issues", REPO, "opened")),
    ],
)
def test_nothing_comes_of_anything_else(yard: Yard, event: HookEvent) -> None:
    yard.pulls.commits[HEAD] = yard.base | {"README.md": "x"}
    assert keys(yard, event) == []
    assert yard.done() == []


def test_an_app_that_is_installed_looks_at_the_repository(yard: Yard) -> None:
    yard.names = []
    work = yard.work()
    assert work.targets(to_json(ModelMoved(SMALL))) == []
    yard.names, yard.now_s = [REPO], yard.now_s + 2
    event = RepositoryEvent(Event("installation_repositories", REPO, "added"))
    assert [one.key for one in work.targets(to_json(event))] == [f"{REPO}|update|"]


def test_a_label_of_a_writer_is_acted_on_once(yard: Yard) -> None:
    event = pulled("labeled", label="replanner:apply")
    yard.pulls.shown = replace(yard.pulls.pull(7), labels=("replanner:apply",))
    (account,) = yard.send(event)
    assert account["did"] == "applied"
    assert yard.pulls.done[-1] == "unlabel 7 replanner:apply"
    yard.pulls.shown = replace(yard.pulls.shown, labels=())
    before = yard.done()
    assert yard.send(event)[0]["did"] == "nothing"
    assert yard.done() == before


def test_a_label_of_a_stranger_is_not(yard: Yard) -> None:
    yard.pulls.writers = ()
    yard.pulls.shown = replace(yard.pulls.pull(7), labels=("replanner:apply",))
    assert yard.send(pulled("labeled", label="replanner:apply"))[0]["did"] == "nothing"
    assert yard.done() == []


# --- commands


def test_a_stranger_gets_nothing_and_not_even_a_reaction(yard: Yard) -> None:
    for text in ("/replan", "/replan chat", "/replan what-if hardware.gpu_name=H200"):
        (account,) = yard.send(commented(text, "stranger"))
        assert account == {"did": "nothing", "why": "not a writer"}
    assert yard.done() == []


def test_a_writer_gets_a_review(yard: Yard) -> None:
    (account,) = yard.send(commented("/replan"))
    assert account["did"] == "reviewed"
    assert yard.pulls.done == ["react 55", "comment 7"]


def test_ordinary_comments_and_bots_that_quote_ask_nothing(yard: Yard) -> None:
    for text in ("nice", "> /replan", "/replan and then some", "`/replan`"):
        assert keys(yard, commented(text)) == []


def test_what_if_answers_in_one_comment_and_writes_nothing_else(yard: Yard) -> None:
    work, event = yard.work(), commented("/replan what-if hardware.gpu_name=H200")
    (account,) = yard.send(event, work)
    assert account == {"did": "answered", "pull": 7}
    assert yard.done() == ["react 55", "comment 7"]
    said = yard.pulls.kept[0].body
    assert "**What if** <code>hardware.gpu&#95;name&#61;H200</code>" in said
    assert re.search(r"H100.*H200", said, re.DOTALL)
    yard.send(event, work)
    assert [line for line in yard.done() if line.startswith("comment")] == ["comment 7"]


def test_what_if_with_a_value_that_makes_no_sense_says_so(yard: Yard) -> None:
    yard.send(commented("/replan what-if hardware.gpu_nam=H200"))
    assert "Did you mean &#39;gpu&#95;name&#39;?" in yard.pulls.kept[0].body


def test_a_profile_can_be_named(yard: Yard) -> None:
    yard.base["profiles/eu/big.yaml"] = yard.head["profiles/eu/big.yaml"] = profile(LARGE)
    yard.send(commented("/replan what-if eu/big hardware.gpus=2"))
    assert "profiles/eu/big.yaml" in yard.pulls.kept[0].body
    yard.send(commented("/replan eu/bgi")._replace())
    assert any("eu/big" in one.body for one in yard.pulls.kept)


def test_a_what_if_that_nobody_can_answer_now_is_tried_again(yard: Yard) -> None:
    yard.base[CHAT] = yard.head[CHAT] = tracking()
    yard.images.error = UpstreamError("the registry is away.")
    with pytest.raises(UpstreamError):
        yard.send(commented("/replan what-if chat hardware.gpus=2"))
    assert yard.pulls.kept == []


# --- upstreams that are away


def test_an_update_that_could_not_know_comes_again(yard: Yard) -> None:
    yard.base[CHAT] = tracking()
    for error in (UpstreamError("away."), RateLimited("slow down.", retry_after_s=77)):
        yard.images.error = error
        with pytest.raises(type(error)) as raised:
            yard.send(ImageMoved("reg.example/acme/vllm"))
        assert getattr(raised.value, "retry_after_s", 77) == 77
    assert yard.done() == []
    yard.images.error, yard.images.now = None, {"stable": "a"}
    (account,) = yard.send(ImageMoved("reg.example/acme/vllm"))
    assert account["pulls"] == [12]


def test_a_repository_that_is_gone_is_an_error_that_says_so(yard: Yard) -> None:
    work = yard.work()
    (target,) = work.targets(to_json(ModelMoved(SMALL)))
    yard.error = InputError("there is no such repository.")
    with pytest.raises(InputError):
        work.run(target.to_json())


# --- nothing is missed


def test_every_round_looks_for_what_nobody_told(yard: Yard) -> None:
    work = yard.work()

    def round_() -> list[str]:
        yard.now_s += 900
        return [one.key for one in work.targets(EVERYTHING)]

    assert round_() == [f"{REPO}|update|main"]
    assert round_() == []
    yard.move(SMALL, {"model_type": "llama", "architectures": ["LlamaForCausalLM"]})
    assert round_() == [f"{REPO}|update|main"]
    assert round_() == []
    yard.now_s += 3600
    assert round_() == [f"{REPO}|update|main"]


def test_a_round_that_could_not_know_leaves_it_to_the_next_one(yard: Yard) -> None:
    yard.base[CHAT] = tracking()
    yard.images.error = UpstreamError("away.")
    work = yard.work()
    (target,) = work.targets(EVERYTHING)
    assert work.run(target.to_json())["unknown"] == 1
    assert work.targets(EVERYTHING) == []  # to plan it now would be in vain
    yard.images.error, yard.images.now = None, {"stable": "a"}
    (target,) = work.targets(EVERYTHING)
    assert work.run(target.to_json())["unknown"] == 0
    assert work.targets(EVERYTHING) == []


def test_every_round_looks_at_images_too(yard: Yard) -> None:
    yard.base[CHAT] = tracking()
    work = yard.work()
    yard.images.now = {"stable": "a"}
    assert work.targets(EVERYTHING)
    assert not work.targets(EVERYTHING)
    yard.images.now = {"stable": "b"}
    assert work.targets(EVERYTHING)


def test_one_repository_that_fails_holds_back_no_other(yard: Yard) -> None:
    yard.error = UpstreamError("away.")
    work = yard.work()
    assert work.targets(EVERYTHING) == []
    yard.error, yard.names = None, [REPO, OTHER]
    yard.now_s += 900
    assert len(work.targets(EVERYTHING)) == 2


# --- dispatch mode


def test_dispatch_mode_only_starts_workflows(yard: Yard) -> None:
    work = yard.work(dispatches=True)
    (account,) = yard.send(ModelMoved(SMALL, "main"), work)
    assert account == {"did": "dispatched"}
    assert yard.sent == [(REPO, "hf-revision", {"model": SMALL, "revision": "main"})]
    for event in (pushed(), pulled(), commented("/replan")):
        assert yard.send(event, work) == []
    assert yard.done() == []
