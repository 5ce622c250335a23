"""The cap and the figures of workers, with real processes and one store between them."""

import json
import urllib.request
from pathlib import Path

from processes import configure, running, until
from sending import model_moved, post

MOST = 3
SENT = 8


def metrics(base: str) -> list[str]:
    with urllib.request.urlopen(f"{base}/metrics", timeout=30) as answer:
        return str(answer.read().decode()).splitlines()


def test_a_loop_is_put_off_and_people_are_not(tmp_path: Path) -> None:
    config = configure(tmp_path, "debounce_seconds: 0")
    env = {"REPLANNER_MOST_REPLANS_AN_HOUR": str(MOST)}
    with running("serve", config, env=env) as server:
        base = server.address()
        for number in range(SENT):
            assert post(base, "huggingface", model_moved(f"loop/m{number}")).status == 202
        put_off = 'replanner_jobs_done_total{outcome="put_off",stage="replan",worker="0"}'
        until(lambda: f"{put_off} {SENT - MOST}.0" in metrics(base))
        assert sum(line.startswith("S loop/") for line in server.effects()) == MOST
        post(base, "huggingface", model_moved("urgent/asked"))
        post(base, "huggingface", model_moved("other/repository"))
        until(lambda: {"E urgent/asked", "E other/repository"} <= set(server.effects()))
        waits = [one for one in server.lines() if "most_replans_an_hour" in str(one["message"])]
        assert len(waits) == SENT - MOST
        delayed = server.rows("SELECT count(*) FROM workflow_status WHERE status = 'DELAYED'")
        assert delayed == [(SENT - MOST,)]
        # Nor do those who wait use up the tries that they have for upstreams that are away.
        query = "SELECT i.inputs FROM workflow_input i JOIN workflow_status USING (workflow_uuid) WHERE status = 'DELAYED'"  # noqa: E501 - one line of SQL
        kept = [json.loads(str(inputs)) for (inputs,) in server.rows(query)]
        assert [one["positionalArgs"][1] for one in kept] == [0] * (SENT - MOST)
        done = 'replanner_replan_seconds_count{kind="update",outcome="done",worker="0"}'
        until(lambda: f"{done} {MOST + 2}.0" in metrics(base))
