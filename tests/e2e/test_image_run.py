"""What only the image can get wrong: whose code it runs, and whose files it leaves."""

import os

from action_run import Step, pull_event
from emulated import GitHub
from stories import profile

CHAT = "profiles/chat.yaml"
PLANTED = "raise SystemExit('run by the workspace')\n"


def test_the_image_comments_and_imports_nothing_of_the_workspace(
    image_step: Step, github: GitHub
) -> None:
    for name in ("yaml.py", "json.py", "sitecustomize.py", "github.py"):
        (image_step.folder / name).write_text(PLANTED)
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    ran = image_step.run("pull_request", pull_event(github, number, "opened"))
    assert ran.outputs["comment-operation"] == "created"
    assert "run by the workspace" not in ran.log
    assert image_step.run("pull_request", pull_event(github, number)).writes == []


def test_the_image_leaves_files_to_the_workspaces_owner(image_step: Step, github: GitHub) -> None:
    """As root it could leave files that the job's later steps cannot remove."""
    os.chown(image_step.folder, 10001, 10001)
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    image_step.run("pull_request", pull_event(github, number, "opened"))
    assert (image_step.folder / "replanner-report.json").stat().st_uid == 10001
