"""Which modules a quantization config names: exact names, parts of names, globs and regexes.

Names are compared without the prefix that only says where the decoder sits. Patterns of one layer
are kept under that layer's number, so that layers with the same patterns are decided once.
"""

import re
from collections.abc import Hashable, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

from replanner.errors import UnsupportedModel

Mode = Literal["exact", "substring", "glob", "regex"]

LONGEST_PATTERN = 400
MOST_REGEXES = 256
# Backtracking steps that all regexes together may cost at worst; about a second
_WORK = 10**8
_NAME_LENGTH = 80
_LAYER = re.compile(r"(^|\.)(layers|h|blocks)\.(\d{1,5})(?=$|\.|\*)")
_EXPERT = re.compile(r"\.experts\.\d{1,6}(?=$|\.)")
_SPELLINGS = ("", "model.", "language_model.model.", "model.language_model.", "language_model.")
_PREFIX = re.compile(
    r"^(?:(?:language_model|text_model|thinker|model|transformer|backbone)\.)+(?=.)"
)
# A quantifier behind a group is where exponential backtracking comes from
_GROUP_QUANTIFIER = re.compile(r"(?<!\\)\)[*+{]")
_UNBOUNDED = re.compile(r"(?<!\\)[*+]|\{\d*,\}")


def canonical(name: str) -> str:
    """The name without what leads to the decoder: layers.3.mlp.gate_proj."""
    return _PREFIX.sub("", name)


class NamePatterns:
    """A list of module names and patterns, as one quantization method reads it."""

    def __init__(self, patterns: Iterable[str], mode: Mode) -> None:
        self._mode = mode
        self._general: list[str] = []
        self._by_layer: dict[int, set[str]] = {}
        self._regexes: list[re.Pattern[str]] = []
        self._numbered_regex = False
        self._answers: dict[tuple[str, Hashable], bool] = {}
        for pattern in dict.fromkeys(patterns):
            self._take(pattern)
        self._keys = {layer: frozenset(names) for layer, names in self._by_layer.items()}
        _check_work(self._regexes)

    def __bool__(self) -> bool:
        return bool(self._general or self._by_layer or self._regexes)

    def _take(self, pattern: str) -> None:
        if len(pattern) > LONGEST_PATTERN:
            raise UnsupportedModel(
                f"A quantization pattern is {len(pattern)} characters long; {LONGEST_PATTERN} "
                "at most are read."
            )
        if self._mode == "regex" and pattern.startswith("re:"):
            self._regexes.append(_compiled(pattern[3:]))
            digits = pattern.replace(r"\d", "").replace("w1", "").replace("w2", "")
            self._numbered_regex |= any(mark.isdigit() for mark in digits)
            return
        name = _EXPERT.sub(".experts.0", canonical(pattern))
        found = _LAYER.search(name)
        if found is None:
            self._general.append(name)
            return
        template = name[: found.start(3)] + "{}" + name[found.end(3) :]
        self._by_layer.setdefault(int(found[3]), set()).add(template)

    def match(self, name: str, layer: int = -1) -> bool:
        """Whether the module is named; `name` holds {} for `layer`."""
        of_layer = self._keys.get(layer, frozenset())
        key = (name, (of_layer, layer if self._numbered_regex else -1))
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = self._search(canonical(name), of_layer, layer)
        return known

    def _search(self, name: str, of_layer: frozenset[str], layer: int) -> bool:
        if any(_MATCHERS[self._mode](name, pattern) for pattern in of_layer):
            return True
        number = str(max(layer, 0))
        plain = name.replace("{}", number)
        if any(_MATCHERS[self._mode](plain, pattern) for pattern in self._general):
            return True
        spelled = [spelling + plain for spelling in _SPELLINGS] if self._regexes else []
        return any(regex.match(one) for regex in self._regexes for one in spelled)


def _exact(name: str, pattern: str) -> bool:
    """Fp8Config: the name itself; experts where any entry lies within them."""
    experts = _experts_of(name)
    return pattern in (name, _fused(name)) or (experts is not None and experts in pattern)


def _substring(name: str, pattern: str) -> bool:
    return pattern in name


def _glob(name: str, pattern: str) -> bool:
    """ModelOpt: the name, a part of it, or a glob; `x*` is x and all below it."""
    if _exact(name, pattern):
        return True
    whole = _experts_of(name) or name
    if pattern.endswith("*") and not pattern.endswith(".*") and pattern[:-1] in whole:
        return True
    return pattern in whole or ("*" in pattern and fnmatchcase(whole, pattern))


def _regex(name: str, pattern: str) -> bool:
    """compressed-tensors without re: is an exact name."""
    return pattern in (name, _fused(name), _experts_of(name))


_MATCHERS = {"exact": _exact, "substring": _substring, "glob": _glob, "regex": _regex}

FUSED = {
    "q_proj": "qkv_proj",
    "k_proj": "qkv_proj",
    "v_proj": "qkv_proj",
    "gate_proj": "gate_up_proj",
    "up_proj": "gate_up_proj",
}


@lru_cache(maxsize=1024)
def _fused(name: str) -> str:
    """The name of the layer that vLLM fuses this one into, where it does."""
    head, _, last = name.rpartition(".")
    return f"{head}.{FUSED[last]}" if last in FUSED else name


@lru_cache(maxsize=1024)
def _experts_of(name: str) -> str | None:
    head, found, _ = name.partition(".experts.")
    return f"{head}.experts" if found else None


def _compiled(pattern: str) -> re.Pattern[str]:
    if _GROUP_QUANTIFIER.search(pattern):
        raise UnsupportedModel(
            f"The quantization pattern {pattern[:60]!r} repeats a group, which is not supported."
        )
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UnsupportedModel(
            f"The quantization pattern {pattern[:60]!r} is no regular expression: {error}."
        ) from None


def _check_work(regexes: list[re.Pattern[str]]) -> None:
    """Refuses patterns whose backtracking could take long: cost grows with each * in them."""
    work = sum(_NAME_LENGTH ** len(_UNBOUNDED.findall(regex.pattern)) for regex in regexes)
    if len(regexes) > MOST_REGEXES or work > _WORK:
        raise UnsupportedModel("The quantization config holds patterns too costly to match.")
