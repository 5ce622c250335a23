"""Decides what `.github/replanner.yaml` may say: which files are profiles, and their limits."""

from collections import namedtuple
from collections.abc import Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple, cast

from replanner.profile import fields as of
from replanner.profile.globs import DEFAULT_GLOBS, matches
from replanner.profile.load import shape
from replanner.profile.sections import after, limits
from replanner.profile.setting_values import Value
from replanner.profile.settings import BY_KEY, CONFIG_PATH, Setting, from_config
from replanner.profile.source import read_source

REPO_CONFIG_PATH: Final = CONFIG_PATH


class GatePolicy(NamedTuple):
    """The limits a plan must keep; null sets none."""

    min_concurrency: Annotated[
        float | None, limits(gt=0, le=1_000_000), "Requests of full length that fit at once."
    ] = None
    max_throughput_drop: Annotated[
        float | None, limits(ge=0, le=1), "Share of the throughput that a change may cost."
    ] = None
    min_headroom_gib: Annotated[of.Gib | None, "GiB of KV cache that stay free."] = None


class Override(NamedTuple):
    """Other limits for some profiles."""

    profiles: Annotated[of.Globs, "The profiles that are meant."]
    policy: Annotated[GatePolicy, "Their limits; null keeps what held before."]


class RepoConfig(NamedTuple):
    """One repository's configuration; all of it has defaults.

    `settings` are those that the file sets, by their keys at its top.
    """

    profiles: Annotated[of.Globs, "The files that are profiles."] = DEFAULT_GLOBS
    policy: Annotated[GatePolicy, "The limits of every profile."] = GatePolicy()
    overrides: Annotated[
        tuple[Override, ...], limits(max_length=100), "Other limits for some profiles."
    ] = ()
    ignore_revisions: Annotated[
        tuple[of.Revision, ...], limits(max_length=1000), "Commits that are passed over."
    ] = ()
    settings: Mapping[str, Value] = MappingProxyType({})

    def policy_for(self, path: str) -> GatePolicy:
        """The limits for the profile at that path: a later override wins over an earlier one."""
        policy = self.policy
        for override in self.overrides:
            if any(matches(path, glob) for glob in override.profiles):
                policy = policy._replace(**_set(override.policy))
        return policy


def _set(policy: GatePolicy) -> dict[str, Any]:
    return {name: limit for name, limit in policy._asdict().items() if limit is not None}


@cache
def config_file() -> type[NamedTuple]:
    """The file as a section: its own keys, then one for each setting that it may hold."""
    own = {key: hint for key, hint in RepoConfig.__annotations__.items() if key != "settings"}
    hints = own | {key: _hint(setting) for key, setting in BY_KEY.items()}
    defaults = [RepoConfig._field_defaults.get(key) for key in hints]
    made = namedtuple("RepoConfigFile", [*hints], defaults=defaults)  # type: ignore[misc] # noqa: PYI024 - its keys are the table's
    made.__annotations__ = hints
    made.__doc__ = "What holds in one repository; all of it has defaults."
    return cast("type[NamedTuple]", made)


def _hint(setting: Setting) -> Any:
    # Any: what the file may hold is the table's affair.
    return Annotated[Any, after(partial(from_config, setting.key)), setting.about]


def parse_repo_config(text: str | bytes, *, name: str = REPO_CONFIG_PATH) -> RepoConfig:
    """The configuration that a text holds; an empty one means the defaults."""
    source = read_source(text, name=name)
    if source.document is None and not source.problems:
        return RepoConfig()
    values: dict[str, Any] = shape(source, config_file(), context={})._asdict()
    settings = {key: value for key in BY_KEY if (value := values.pop(key)) is not None}
    return RepoConfig(**values, settings=settings)
