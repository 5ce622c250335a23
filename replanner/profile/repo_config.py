"""Decides what `.github/replanner.yaml` may say: which files are profiles, and their limits."""

from pydantic import Field

from replanner.profile import fields as of
from replanner.profile.globs import DEFAULT_GLOBS, matches
from replanner.profile.load import shape
from replanner.profile.schema import Section
from replanner.profile.source import read_source

REPO_CONFIG_PATH = ".github/replanner.yaml"


class GatePolicy(Section):
    """The limits a plan must keep; null sets none."""

    min_concurrency: float | None = Field(None, gt=0, le=1_000_000, allow_inf_nan=False)
    max_throughput_drop: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    min_headroom_gib: of.Gib | None = None


class Override(Section):
    """Other limits for some profiles."""

    profiles: list[of.Glob] = Field(min_length=1, max_length=100)
    policy: GatePolicy


class RepoConfig(Section):
    """One repository's configuration; all of it has defaults."""

    profiles: list[of.Glob] = Field(list(DEFAULT_GLOBS), min_length=1, max_length=100)
    policy: GatePolicy = Field(GatePolicy.model_construct())
    overrides: list[Override] = Field([], max_length=100)
    ignore_revisions: list[of.Revision] = Field([], max_length=1000)

    def policy_for(self, path: str) -> GatePolicy:
        """The limits for the profile at that path: a later override wins over an earlier one."""
        limits = self.policy
        for override in self.overrides:
            if any(matches(path, glob) for glob in override.profiles):
                limits = limits.model_copy(update=override.policy.model_dump(exclude_none=True))
        return limits


def parse_repo_config(text: str | bytes, *, name: str = REPO_CONFIG_PATH) -> RepoConfig:
    """The configuration that a text holds; an empty one means the defaults."""
    source = read_source(text, name=name)
    if source.document is None and not source.problems:
        return RepoConfig()
    return shape(source, RepoConfig, context={})
