"""Compares what stands on GitHub in the end with what the world says should stand there."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.world import OWNER, STRANGER, Command, Repository, World

_PREFIX = "replanner/"
_SIZE = "workload.concurrency"
# How each comment of the server's begins.
_MARKER = re.compile(r"\A<!-- replanner:(comment v=1 scope=\S+|answer \d+)")
_REVIEWED = re.compile(r"\A<!-- replanner:comment .*?\bhead=([0-9a-f]{40})")


@dataclass
class Verdict:
    """Sentences, one for each thing that is wrong."""

    wrong: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    looked_at: Counter[str] = field(default_factory=Counter)


def judge(world: World) -> Verdict:
    """Everything that GitHub shows, against models, profiles, pull requests and commands."""
    found = Verdict()
    for one in world.repositories:
        pulls = one.github.pulls("all")
        _look_for_twins("pull request", one, (pull["head"]["ref"] for pull in pulls), found)
        found.wrong += _proposals(world, one, pulls, found)
        for number in one.pulls:
            comments = [each for each in one.github.comments(number) if _is_servers(each)]
            marks = (_mark(each["body"]) for each in comments)
            _look_for_twins(f"comment on {number}", one, marks, found)
            found.wrong += _review(one, number, comments, found)
            asked = [
                each for each in world.commands if (each.repository, each.pull) == (one, number)
            ]
            found.wrong += _answers(asked, comments, found)
    return found


def _look_for_twins(what: str, one: Repository, names: Iterable[str], found: Verdict) -> None:
    for name, number in Counter(names).items():
        found.looked_at[what.partition(" on ")[0] + "s"] += 1
        if number > 1:
            found.duplicates.append(f"{one.name}: {what} {name} is there {number} times")


def _proposals(world: World, one: Repository, pulls: list[Any], found: Verdict) -> Iterator[str]:
    """Every profile has a proposal, which pins its model's newest commit at its newest size."""
    heads = [
        pull["head"]["ref"]
        for pull in pulls
        if pull["state"] == "open" and pull["head"]["ref"].startswith(_PREFIX)
    ]
    for name, model in one.followed().items():
        found.looked_at["plans"] += 1
        file = f"deploy/{name}/plan.json"
        plans = [
            json.loads(one.github.read(file, head))
            for head in heads
            if one.github.exists(file, head)
        ]
        wanted = (world.heads[model], one.sizes[name])
        got = [
            (plan["model"]["commit"], plan["inputs"]["profile_values"].get(_SIZE)) for plan in plans
        ]
        if got != [wanted]:
            yield f"{one.name}: {name} should be planned as {wanted}, and is as {got}"


def _review(one: Repository, number: int, comments: list[Any], found: Verdict) -> Iterator[str]:
    """The pull request has a comment, and that is about its newest commit."""
    found.looked_at["reviews"] += 1
    head = one.github.pull(number)["head"]["sha"]
    seen = [match[1] for each in comments if (match := _REVIEWED.match(each["body"]))]
    if seen != [head]:
        yield f"{one.name}#{number}: should be reviewed at {head}, and is at {seen}"


def _answers(asked: list[Command], comments: list[Any], found: Verdict) -> Iterator[str]:
    """A writer's command has its answer, a stranger's none."""
    for each in asked:
        found.looked_at["commands"] += 1
        mark = f"<!-- replanner:answer {each.comment} "
        number = sum(comment["body"].startswith(mark) for comment in comments)
        if number != (each.by != STRANGER):
            where = f"{each.repository.name}#{each.pull}"
            yield f"{where}: {each.by}'s comment {each.comment} has {number} answers"


def _is_servers(comment: Any) -> bool:
    return bool(comment["user"]["login"] == OWNER)


def _mark(body: str) -> str:
    found = _MARKER.match(body)
    return found[1] if found else body
