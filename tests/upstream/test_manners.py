from dataclasses import dataclass, field

import pytest

from replanner.errors import (
    AccessDenied,
    InputError,
    ModelNotFound,
    RateLimited,
    ReplannerError,
    UpstreamError,
)
from replanner.upstream.manners import TOLERATED, Manners, Silent

HOST = "hub.example"


@dataclass
class Upstream:
    """A host whose answers are told, and the clock beside it."""

    now_s: float = 1000.0
    error: ReplannerError | None = None
    asked: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manners = Manners(self, clock=lambda: self.now_s, chance=lambda: 1.0)

    def failed(self, upstream: str, kind: str) -> None:
        self.told.append((upstream, kind))

    def remaining(self, owner: str, resource: str, number: int) -> None: ...

    def question(self) -> str:
        self.asked += 1
        if self.error:
            raise self.error
        return "yes"

    def ask(self, host: str = HOST, *, about: str = "") -> str:
        try:
            return self.manners.ask("hub", host, self.question, about=about)
        except ReplannerError as error:
            return error.code


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


def test_who_asks_to_wait_is_left_alone_for_as_long(upstream: Upstream) -> None:
    upstream.error = RateLimited("slow down.", retry_after_s=120)
    assert [upstream.ask() for _ in range(1000)] == ["rate_limited"] * 1000
    assert upstream.asked == 1
    upstream.now_s += 60
    with pytest.raises(RateLimited) as raised:
        upstream.manners.before(HOST)
    assert raised.value.retry_after_s == 61
    upstream.now_s += 60
    upstream.error = None
    assert upstream.ask() == "yes"
    assert upstream.asked == 2


def test_who_names_no_time_is_given_more_each_time_up_to_a_quarter_of_an_hour(
    upstream: Upstream,
) -> None:
    upstream.error = RateLimited("slow down.")
    assert pauses(upstream, 8) == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_wait_without_sense_is_no_reason_to_be_silent_for_a_day(upstream: Upstream) -> None:
    upstream.error = RateLimited("slow down.", retry_after_s=10**6)
    assert pauses(upstream, 1) == [3600]


def pauses(upstream: Upstream, count: int) -> list[float]:
    """How long it is left alone after each failure."""
    found = []
    for _ in range(count):
        upstream.ask()
        found.append(upstream.manners._hosts[HOST].until - upstream.now_s)
        upstream.now_s += found[-1]
    return found


def test_a_look_at_a_thousand_models_does_not_hammer_a_hub_that_is_away(
    upstream: Upstream,
) -> None:
    upstream.error = UpstreamError("it did not answer.")
    assert {upstream.ask() for _ in range(1000)} == {"upstream_unreachable"}
    assert upstream.asked == TOLERATED
    upstream.now_s += 31
    assert {upstream.ask() for _ in range(1000)} == {"upstream_unreachable"}
    assert upstream.asked == 2 * TOLERATED
    upstream.now_s += 31
    upstream.ask()
    assert upstream.asked == 2 * TOLERATED  # twice as long, the second time


def test_one_broken_model_that_is_always_asked_about_first_silences_the_hub_for_no_other(
    upstream: Upstream,
) -> None:
    upstream.error = UpstreamError("it answered 500.")
    for _ in range(10):
        assert upstream.ask(about="a/broken") == "upstream_unreachable"
    upstream.error = None
    assert upstream.ask(about="b/well") == "yes"


def test_nor_does_it_after_an_outage_of_the_whole_hub(upstream: Upstream) -> None:
    upstream.error = UpstreamError("away.")
    for number in range(100):
        upstream.ask(about=f"a/m{number}")
        upstream.now_s += 60
    upstream.now_s += 900
    upstream.ask(about="a/broken")
    upstream.error = None
    assert upstream.ask(about="b/well") == "yes"


def test_questions_that_were_under_way_when_a_pause_began_make_it_no_longer() -> None:
    manners = Manners(clock=lambda: 0.0, chance=lambda: 1.0)
    for _ in range(32):
        manners.failed("hub", HOST, UpstreamError("away."))
    assert manners._hosts[HOST].until == 30.0


def test_one_model_that_breaks_the_hub_silences_it_for_no_other(upstream: Upstream) -> None:
    for _ in range(100):
        upstream.error = UpstreamError("it answered 500.")
        upstream.ask()
        upstream.error = None
        assert upstream.ask() == "yes"
    assert upstream.asked == 200


@pytest.mark.parametrize("error", [ModelNotFound("none."), AccessDenied("no."), InputError("x.")])
def test_a_refusal_is_an_answer(upstream: Upstream, error: ReplannerError) -> None:
    for _ in range(10):
        upstream.error = error
        assert upstream.ask() == error.code
        upstream.error = UpstreamError("away.")
        upstream.ask()
    assert upstream.asked == 20


def test_hosts_are_left_alone_one_by_one(upstream: Upstream) -> None:
    upstream.error = RateLimited("slow down.", retry_after_s=60)
    upstream.ask()
    upstream.error = None
    assert upstream.ask("other.example") == "yes"
    assert upstream.ask() == "rate_limited"


def test_pauses_differ_so_that_not_all_come_back_at_once() -> None:
    left = []
    for chance in (0.0, 0.5, 1.0):
        manners = Manners(clock=lambda: 0.0, chance=lambda chance=chance: chance)  # type: ignore[misc]
        manners.failed("hub", HOST, RateLimited("slow down."))
        left.append(manners._hosts[HOST].until)
    assert left == [15.0, 22.5, 30.0]


def test_what_is_counted(upstream: Upstream) -> None:
    errors: list[ReplannerError] = [
        RateLimited("slow down.", retry_after_s=0),
        UpstreamError("away."),
        AccessDenied("no."),
        ModelNotFound("none."),
    ]
    for upstream.error in errors:
        upstream.ask()
    assert upstream.told == [("hub", "limited"), ("hub", "away"), ("hub", "denied")]


def test_memory_of_hosts_is_bounded() -> None:
    manners = Manners(Silent(), clock=lambda: 0.0)
    for number in range(2000):
        manners.failed("registry", f"host-{number}", UpstreamError("away."))
    assert len(manners._hosts) == 1000


def test_what_is_not_asked_is_told_without_the_keys_of_our_own(upstream: Upstream) -> None:
    upstream.manners.failed(
        "github", "api.example acme", RateLimited("slow down.", retry_after_s=5)
    )

    with pytest.raises(RateLimited, match=r"^api\.example wants fewer requests"):
        upstream.manners.before("api.example acme")
