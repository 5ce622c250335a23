"""What the server tells Prometheus. Every request has exactly one outcome."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from replanner.server.census import Census
from replanner.server.figures import BUCKETS, Shown

# Beside each: the status that the sender is answered with.
OUTCOMES: Final = (
    "accepted",  # 202, stored
    "ignored",  # 202, verified, and nothing to do
    "unsigned",  # 401
    "unknown",  # 404
    "too_large",  # 413
    "unsupported",  # 415
    "not_understood",  # 422
    "limited",  # 429 instead of another refusal
    "not_stored",  # 503, the store failed
    "busy",  # 503, too much to do or too little disk
    "aborted",  # 400 or 408, the body never came whole
)
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """One process's figures; a process that is started anew starts at zero, as Prometheus knows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._deliveries = Counter(
            "replanner_deliveries",
            "Deliveries by source and outcome",
            ("source", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "replanner_delivery_seconds",
            "Time until a delivery was answered",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._secret = Counter(
            "replanner_old_secret",
            "Deliveries verified by a secret that is not the current one",
            ("source",),
            registry=self.registry,
        )

    def delivery(self, source: str, outcome: str, seconds: float) -> None:
        self._deliveries.labels(source, outcome).inc()
        self._seconds.observe(seconds)

    def old_secret(self, source: str) -> None:
        self._secret.labels(source).inc()

    def text(
        self, census: Census | None, workers: int, figures: Mapping[str, Shown] | None = None
    ) -> bytes:
        """Everything now, with the workers' figures by their number; what the store has to tell is
        left out while it is away."""
        shown = CollectorRegistry()
        told = [*(_jobs(census) if census else []), *_of_workers(figures or {})]
        shown.register(_Now(told, workers))
        return generate_latest(self.registry) + generate_latest(shown)


class _Now(Collector):
    def __init__(self, jobs: Sequence[Metric], workers: int) -> None:
        self._figures = [
            *jobs,
            GaugeMetricFamily(
                "replanner_workers", "Workers that show signs of life", value=workers
            ),
        ]

    def collect(self) -> Sequence[Metric]:
        return self._figures


def _jobs(now: Census) -> list[Metric]:
    jobs = GaugeMetricFamily("replanner_jobs", "Jobs that are not done", labels=("stage", "status"))
    for (stage, status), number in sorted(now.counts.items()):
        jobs.add_metric((stage, status.lower()), number)
    figures = {
        "replanner_dead_letters": ("Jobs set aside", now.dead),
        "replanner_queue_lag_seconds": ("Age of the oldest job that waits", now.oldest_waiting_s),
        "replanner_oldest_pending_seconds": ("Age of the oldest that runs", now.oldest_running_s),
    }
    return [
        jobs,
        *(GaugeMetricFamily(name, about, value=value) for name, (about, value) in figures.items()),
    ]


# --- what workers left in the store: a series each, so that one that starts anew is seen to


def _of_workers(figures: Mapping[str, Shown]) -> list[Metric]:
    if not figures:
        return []
    return [
        _counted(figures, "jobs_done", "Steps of jobs", ("stage", "outcome")),
        _counted(figures, "upstream_errors", "Questions unanswered", ("upstream", "kind")),
        _limited(figures),
        _left(figures),
        _took(figures),
    ]


def _counted(
    figures: Mapping[str, Shown], name: str, about: str, labels: tuple[str, str]
) -> Metric:
    family = CounterMetricFamily(f"replanner_{name}", about, labels=("worker", *labels))
    for worker, one in sorted(figures.items()):
        for told, values, number in one.counts:
            if told == name:
                family.add_metric((worker, *values), number)
    return family


def _limited(figures: Mapping[str, Shown]) -> Metric:
    family = CounterMetricFamily(
        "replanner_hf_429", "Times that the Hub asked to slow down", labels=("worker",)
    )
    for worker, one in sorted(figures.items()):
        family.add_metric((worker,), _number(one, "upstream_errors", ["hub", "limited"]))
    return family


def _number(one: Shown, name: str, labels: Sequence[str]) -> int:
    counts: Iterator[int] = (
        number for told, values, number in one.counts if (told, list(values)) == (name, labels)
    )
    return next(counts, 0)


def _left(figures: Mapping[str, Shown]) -> Metric:
    family = GaugeMetricFamily(
        "replanner_github_remaining",
        "Requests that GitHub still answers before its limit, by whose repositories they were for",
        labels=("worker", "owner", "resource"),
    )
    for worker, one in sorted(figures.items()):
        for labels, number in one.left:
            family.add_metric((worker, *labels), number)
    return family


def _took(figures: Mapping[str, Shown]) -> Metric:
    family = HistogramMetricFamily(
        "replanner_replan_seconds",
        "How long a job took, by what was asked for and how it ended",
        labels=("worker", "kind", "outcome"),
    )
    bounds = [*map(str, map(float, BUCKETS)), "+Inf"]
    for worker, one in sorted(figures.items()):
        for labels, seconds, buckets in one.took:
            below = list(zip(bounds, accumulate(buckets), strict=True))
            family.add_metric((worker, *labels), buckets=below, sum_value=seconds)
    return family
