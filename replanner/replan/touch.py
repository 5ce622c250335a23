"""Decides whether changed files are a reason to plan again."""

import posixpath
from collections.abc import Collection, Iterable

from replanner.profile import RepoConfig
from replanner.profile.globs import matches
from replanner.profile.repo_config import REPO_CONFIG_PATH
from replanner.replan.artifacts import PLAN_FILE

# What marks a folder as one that we write, or that a profile may name as its model.
_MARKS = (PLAN_FILE, "config.json")


def touches(
    changed: Iterable[str],
    paths: Collection[str],
    config: RepoConfig,
    *,
    config_path: str = REPO_CONFIG_PATH,
) -> bool:
    """Is any of the changed files a profile, the configuration, or one beside a plan or a model?
    `paths` are all files as they are now; what was deleted counts too."""
    marked = {posixpath.dirname(path) for path in paths if posixpath.basename(path) in _MARKS}

    def matter(path: str) -> bool:
        if path == config_path or posixpath.basename(path) in _MARKS:
            return True
        if any(matches(path, glob) for glob in config.profiles):
            return True
        return any(path.startswith(f"{folder}/") for folder in marked if folder)

    return any(map(matter, changed))
