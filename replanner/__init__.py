"""Plans vLLM deployments from profiles kept in git, and re-plans them when something moves.

The public API, semantically versioned: `load_profile` reads a profile, `plan` plans it against a
hub (`replanner.hub.folder`, `replanner.hub.huggingface`), `diff` says what changed between two
plans and why. Each is imported when it is first used, so that the command line starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replanner.planning.diff import diff
    from replanner.profile import load_profile
    from replanner.resolve import plan_profile as plan

__version__ = "0.1.0"

__all__ = ["__version__", "diff", "load_profile", "plan"]

_LATER = {
    "diff": ("replanner.planning.diff", "diff"),
    "load_profile": ("replanner.profile", "load_profile"),
    "plan": ("replanner.resolve", "plan_profile"),
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATER[name]
    return getattr(import_module(module), attribute)
