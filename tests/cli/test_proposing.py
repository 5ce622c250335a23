"""`replanner replan` to a forge, and what the repository's configuration has to say in it."""

import json
from pathlib import Path

from gitting import Repo
from running import Run


def test_the_repositorys_own_configuration_says_how_to_propose(run: Run, repo: Path) -> None:
    (repo / ".github").mkdir(exist_ok=True)
    (repo / ".github/replanner.yaml").write_text("branch_prefix: bots/\ngroup_by: all\n")
    Repo.new(repo).commit({})
    told = json.loads(run("replan", "--json").stdout)
    assert [one["branch"] for one in told["proposals"]] == ["bots/main/all"]


def test_github_needs_a_repository_and_a_token(run: Run) -> None:
    nowhere = run("replan", "--forge", "github")
    assert (nowhere.returncode, "--repository OWNER/NAME" in nowhere.stderr) == (2, True)
    nobody = run("replan", "--forge", "github", "--repository", "acme/infra")
    assert (nobody.returncode, "GITHUB_TOKEN or GH_TOKEN" in nobody.stderr) == (2, True)


def test_a_pull_request_is_written_to_on_github_only_and_by_number(run: Run) -> None:
    on_disk = run("apply", "--pr", "7")
    assert (on_disk.returncode, "--pr needs --forge github" in on_disk.stderr) == (2, True)
    which = run("apply", "--forge", "github", "--repository", "acme/infra")
    assert (which.returncode, "--pr N" in which.stderr) == (2, True)
    nobody = run("apply", "--forge", "github", "--repository", "acme/infra", "--pr", "7")
    assert (nobody.returncode, "GITHUB_TOKEN or GH_TOKEN" in nobody.stderr) == (2, True)


def test_three_schemas_are_printed(run: Run) -> None:
    flags: list[tuple[str, ...]] = [(), ("--config",), ("--report",)]
    titles = [json.loads(run("schema", *each).stdout)["title"] for each in flags]
    assert titles == ["replanner profile", "replanner configuration", "replanner report"]
    assert run("schema", "--config", "--report").returncode == 2
