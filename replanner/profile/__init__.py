"""Decides what a profile means: YAML in, a Profile with places out, edits that keep the text."""

from replanner.profile.edit import edit_profile
from replanner.profile.globs import find_profiles
from replanner.profile.json_schema import json_schema
from replanner.profile.load import LoadedProfile, build_profile, load_profile, parse_profile
from replanner.profile.repo_config import GatePolicy, RepoConfig, parse_repo_config
from replanner.profile.schema import Profile
from replanner.profile.starter import starter_files

__all__ = [
    "GatePolicy",
    "LoadedProfile",
    "Profile",
    "RepoConfig",
    "build_profile",
    "edit_profile",
    "find_profiles",
    "json_schema",
    "load_profile",
    "parse_profile",
    "parse_repo_config",
    "starter_files",
]
