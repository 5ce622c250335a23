"""Decides what a profile means: YAML in, a Profile with places out, edits that keep the text.

Reading a profile is all that most runs need, so the rest is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from replanner.profile.load import LoadedProfile, build_profile, load_profile, parse_profile
from replanner.profile.schema import Profile

if TYPE_CHECKING:
    from replanner.profile.comments import comment_above
    from replanner.profile.edit import edit_profile
    from replanner.profile.editor_schema import config_schema, json_schema
    from replanner.profile.globs import find_profiles
    from replanner.profile.repo_config import GatePolicy, RepoConfig, parse_repo_config
    from replanner.profile.starter import starter_files

__all__ = [
    "GatePolicy",
    "LoadedProfile",
    "Profile",
    "RepoConfig",
    "build_profile",
    "comment_above",
    "config_schema",
    "edit_profile",
    "find_profiles",
    "json_schema",
    "load_profile",
    "parse_profile",
    "parse_repo_config",
    "starter_files",
]

_LATER = {
    "GatePolicy": "repo_config",
    "RepoConfig": "repo_config",
    "comment_above": "comments",
    "config_schema": "editor_schema",
    "edit_profile": "edit",
    "find_profiles": "globs",
    "json_schema": "editor_schema",
    "parse_repo_config": "repo_config",
    "starter_files": "starter",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
