"""Reads a step's inputs: `INPUT_<NAME>` in the environment, as the runner passes them."""

from collections.abc import Iterator, Mapping
from typing import Final

from replanner.errors import did_you_mean
from replanner.profile.settings import BY_NAME, Settings
from replanner.propose.decision import Wish

_PREFIX: Final = "INPUT_"
# What a workflow may set for every step instead; the input goes first. `hf-endpoint` is not here:
# HF_ENDPOINT comes after the repository's own configuration.
_FALLBACKS: Final = {
    "token": "GITHUB_TOKEN",
    "hf-token": "HF_TOKEN",
    "github-api-url": "GITHUB_API_URL",
}


def read_inputs(env: Mapping[str, str]) -> dict[str, str]:
    """The inputs that are set, by name; empty ones count as absent."""
    usual = {name: env.get(key, "") for name, key in _FALLBACKS.items()}
    given = {name: text for name, text in _given(env) if name in BY_NAME}
    return {**_set(usual), **_set(given)}


def _set(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text.strip()}


def unknown_inputs(env: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each input that there is not."""
    for name, _ in _given(env):
        if name not in BY_NAME:
            yield f"The input {name!r} does not exist.{did_you_mean(name, BY_NAME)}"


def _given(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Hyphens stay in the runner's names; a shell between it and us cannot pass them on."""
    for key in sorted(env):
        if key.startswith(_PREFIX):
            yield key.removeprefix(_PREFIX).lower().replace("_", "-"), env[key]


def wish_of(settings: Settings) -> Wish:
    """What the settings ask for beside the event."""
    return Wish(
        mode=settings.mode,
        branch_prefix=settings.branch_prefix,
        bases=settings.base,
        number=settings.pr_number or None,
        base_ref=settings.base_ref,
        head_ref=settings.head_ref,
        artifact=settings.report_artifact,
    )
