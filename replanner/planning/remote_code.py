"""Decides whether vLLM can read a model's configuration without running the model's own Python.

It can where vLLM or transformers has a class for the `model_type`; else the class that `auto_map`
names would have to be run, which vLLM refuses without --trust-remote-code
(vllm/transformers_utils/config.py:454, 0.33.0). Earlier releases know other types: no verdict.
"""

from collections.abc import Iterator, Mapping

from replanner.catalogue import load
from replanner.planning.request import PlanRequest
from replanner.planning.result import Finding
from replanner.planning.versions import at_least

_KNOWN_FOR = "0.33.0"
_HINT = "Read that code first, then set outputs.vllm_args: {trust-remote-code: true}."


def remote_code(request: PlanRequest, config: Mapping[str, object]) -> Iterator[Finding]:
    """The finding about code that comes with the model, if it has any and is not trusted."""
    classes = config.get("auto_map")
    if not isinstance(classes, Mapping) or request.vllm_args.get("trust-remote-code"):
        return
    if at_least(request.engine.vllm_version, _KNOWN_FOR) and _is_needed(config, classes):
        yield Finding(
            "needs_remote_code",
            "error",
            f"vLLM has no configuration class for this model and would have to run the Python that "
            f"{request.model.id} brings; it refuses that without --trust-remote-code.",
            _HINT,
            "outputs.vllm_args",
        )
        return
    yield Finding(
        "model_brings_code",
        "info",
        f"{request.model.id} comes with Python code of its own, which vLLM does not run.",
        "Set outputs.vllm_args: {trust-remote-code: true} only if vLLM asks for it.",
        "model.id",
    )


def _is_needed(config: Mapping[str, object], classes: Mapping[object, object]) -> bool:
    known = load(f"vllm/model_types_{_KNOWN_FOR}")["model_types"]
    return "AutoConfig" in classes and config.get("model_type") not in known
