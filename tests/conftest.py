"""How long an example takes decides nothing: machines are busy, and hypothesis builds its tables
of characters once per checkout, inside the first draw of text. Where CI is set the examples are the
same in every run, so that a gate closes for what changed and not by chance; elsewhere each run
looks at new ones.

Files whose tests wait for servers come first, so that none of them is what everybody waits for in
the end.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "replanner",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("replanner")
# tools/mutants.py asks whether there is a counterexample, again and again; not for the smallest.
_FOUND = [Phase.explicit, Phase.reuse, Phase.generate]
settings.register_profile("mutants", max_examples=25, phases=_FOUND)

_SLOW = ("server_e2e", "packaging", "e2e", "server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _SLOW.index(at) if (at := item.path.parent.name) in _SLOW else 9)
