"""What a server refuses to start with, and how long it waits for others."""

from pathlib import Path

import pytest
from processes import configure, run
from sending import GITHUB

from replanner.errors import UpstreamError
from replanner.server import flow

HOUR_S = 3600


@pytest.mark.parametrize("secret", ["", "\n\n", "fifteen-bytes-x", f"{GITHUB}\nshort\n"])
def test_a_server_without_a_proper_secret_does_not_start(tmp_path: Path, secret: str) -> None:
    config = configure(tmp_path)
    (tmp_path / "github").write_text(secret)
    assert run("serve", config) == 2
    assert not (tmp_path / "replanner.db").exists()


def test_an_upstream_is_waited_for_for_about_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "_job", dict)  # there is none
    away = UpstreamError("the Hub is away.")
    pauses = [flow._later(away, tries).later_s for tries in range(flow._MOST_TRIES)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 60
    assert 20 * HOUR_S < sum(pauses) < 28 * HOUR_S
    with pytest.raises(flow.JobFailed, match="given up after"):
        flow._later(away, flow._MOST_TRIES)
