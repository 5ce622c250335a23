"""What the server tells Prometheus. Every request has exactly one outcome."""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from replanner.server.census import Census

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

    def text(self, census: Census | None, workers: int) -> bytes:
        """Everything now; without a census, because the store is away, what needs none."""
        shown = CollectorRegistry()
        shown.register(_Now(_jobs(census) if census else [], workers))
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
