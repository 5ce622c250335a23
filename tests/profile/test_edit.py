"""An edit changes what was asked for and leaves every other character of the user's text."""

import difflib

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from sample_profiles import FULL, KEYS, SEED

from replanner.errors import InputError, ProfileError
from replanner.profile import edit_profile, parse_profile
from replanner.profile.load import split_key
from replanner.profile.scalars import Scalar, write_scalar
from replanner.profile.source import Source, read_source, resolve

START = "profile_version: 1\nmodel: {id: a/b}\n"

EDITS = {
    "a number keeps its comment": (
        f"{START}hardware:\n  gpus: 1  # one\n",
        {"hardware.gpus": 16},
        f"{START}hardware:\n  gpus: 16  # one\n",
    ),
    "double quotes stay": (
        f'{START}engine: {{vllm_version: "0.33.0"}}\n',
        {"engine.vllm_version": "0.34.0"},
        f'{START}engine: {{vllm_version: "0.34.0"}}\n',
    ),
    "single quotes stay": (
        f"{START}hardware: {{gpu_name: 'L4'}}\n",
        {"hardware.gpu_name": "it's"},
        f"{START}hardware: {{gpu_name: 'it''s'}}\n",
    ),
    "plain text that would be a number is quoted": (
        f"{START}hardware: {{gpu_name: L4}}\n",
        {"hardware.gpu_name": "4090"},
        f'{START}hardware: {{gpu_name: "4090"}}\n',
    ),
    "an empty value is filled": (
        f"{START}hardware:\n  tp_size:  # none\n  gpus: 2\n",
        {"hardware.tp_size": 2},
        f"{START}hardware:\n  tp_size: 2  # none\n  gpus: 2\n",
    ),
    "a value becomes null": (
        f"{START}hardware: {{tp_size: 2}}\n",
        {"hardware.tp_size": None},
        f"{START}hardware: {{tp_size: null}}\n",
    ),
    "a missing key goes to the end of its section": (
        f"{START}hardware:\n    gpus: 2  # two\n    # a note\n\nworkload: {{}}\n",
        {"hardware.tp_size": 2},
        f"{START}hardware:\n    gpus: 2  # two\n    tp_size: 2\n    # a note\n\nworkload: {{}}\n",
    ),
    "a missing key goes behind a list": (
        f"{START}outputs:\n  emit:\n    - command\n    - k8s  # last\n",
        {"outputs.dir": "a b"},
        f'{START}outputs:\n  emit:\n    - command\n    - k8s  # last\n  dir: "a b"\n',
    ),
    "a missing section goes to the end": (
        f"{START}# the end",
        {"workload.concurrency": 4},
        f"{START}workload:\n  concurrency: 4\n# the end",
    ),
    "no newline at the end stays so": (
        START.rstrip("\n"),
        {"hardware.gpus": 2},
        f"{START}hardware:\n  gpus: 2",
    ),
    "the end of the document stays the end": (
        f"---\n{START}...\n",
        {"hardware.gpus": 2},
        f"---\n{START}hardware:\n  gpus: 2\n...\n",
    ),
    "an empty flow mapping is filled": (
        f"{START}hardware: {{ }}\n",
        {"hardware.gpus": 2, "hardware.tp_size": 2},
        f"{START}hardware: {{gpus: 2, tp_size: 2 }}\n",
    ),
    "a flow mapping keeps its last comma": (
        f"{START}hardware: {{gpus: 2, }}\n",
        {"hardware.tp_size": 2},
        f"{START}hardware: {{gpus: 2, tp_size: 2, }}\n",
    ),
    "a section without content gets its first line": (
        f"{START}hardware:  # all defaults\nworkload:\n",
        {"hardware.gpus": 2},
        f"{START}hardware:  # all defaults\n  gpus: 2\nworkload:\n",
    ),
    "a null section becomes a mapping": (
        f"{START}engine: {{lora: null}}  # none\n",
        {"engine.lora.max_rank": 8},
        f"{START}engine: {{lora: {{max_rank: 8}}}}  # none\n",
    ),
    "sections nest": (
        START,
        {"engine.speculative.method": "ngram"},
        f"{START}engine:\n  speculative:\n    method: ngram\n",
    ),
    "Windows line ends stay": (
        "profile_version: 1\r\nmodel:\r\n  id: a/b\r\n",
        {"model.id": "c/d", "model.dtype": "auto", "hardware.gpus": 2},
        "profile_version: 1\r\nmodel:\r\n  id: c/d\r\n  dtype: auto\r\nhardware:\r\n  gpus: 2\r\n",
    ),
    "a byte order mark stays": (
        f"\ufeff{START}",
        {"model.id": "c/d"},
        f"\ufeff{START}".replace("a/b", "c/d"),
    ),
    "a whole profile in braces": (
        "{profile_version: 1, model: {id: a/b}}",
        {"hardware.gpus": 2},
        "{profile_version: 1, model: {id: a/b}, hardware: {gpus: 2}}",
    ),
    "a flag with dots": (
        f"{START}outputs:\n  vllm_args:\n    a.b: 1\n",
        {"outputs.vllm_args.a.b": "x: y", "outputs.vllm_args.c.d": True},
        f'{START}outputs:\n  vllm_args:\n    a.b: "x: y"\n    c.d: true\n',
    ),
    "nothing to do": (SEED, {}, SEED),
}


@pytest.mark.parametrize(("before", "changes", "after"), EDITS.values(), ids=EDITS)
def test_an_edit_keeps_the_users_text(
    before: str, changes: dict[str, str | int | None], after: str
) -> None:
    assert edit_profile(before, changes) == after


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        (START, {"hardware.tp_sise": 2}, "Did you mean 'tp_size'"),
        (START, {"hardware.gpus": 0}, "hardware.gpus must be at least 1"),
        (START, {"model": "a/b"}, "model is no single value"),
        (START, {"profile_version.x": 1}, "profile_version is no section"),
        (START, {"model.id": None}, "model.id is required"),
        (START, {"hardware.vram_gb": float("nan")}, "is no word, number"),
        (START, {"hardware.gpu_name": "\ud800"}, "half a character pair"),
        (START, {"outputs.vllm_args.a": [1]}, "is no word, number"),
        (f"{START}hardware:\n  gpu_name: |-\n    L4\n", {"hardware.gpu_name": "x"}, "by hand"),
        (f"{START}hardware: {{? gpus}}\n", {"hardware.gpus": 2}, "cannot be changed in place"),
        ("a: 1\n", {"hardware.gpus": 2}, "unknown key 'a'"),
        (f"{START}hardware: &a {{}}\n", {"hardware.gpus": 2}, "anchors"),
    ],
)
def test_an_edit_that_cannot_be_made_says_so(text: str, changes: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        edit_profile(text, changes)
    assert said in caught.value.message


NOISE = st.sampled_from(["", "# note", "#x: 1", "   # deep", "# a: 'b", "\t# tab"])


@st.composite
def noisy_profiles(draw: st.DrawFn) -> str:
    """A profile with comments and empty lines in random places, and either kind of line end."""
    lines = draw(
        st.sampled_from([SEED, FULL, START, SEED.replace("\n  ", "\n      ")])
    ).splitlines()
    noisy: list[str] = []
    for line in lines:
        comment = draw(NOISE) if "{" not in line and "," not in line else ""
        noisy.append(f"{line}  {comment}" if comment else line)
        if draw(st.booleans()) and "," not in line:
            noisy.append(draw(NOISE).replace("\t", " "))
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    return ending.join(noisy) + draw(st.sampled_from(["", ending]))


def _readable(text: str) -> Source | None:
    try:
        parse_profile(text, name="p")
    except ProfileError:
        return None
    return read_source(text, name="p")


@given(noisy_profiles(), st.fixed_dictionaries({}, optional=KEYS))
def test_an_edit_changes_the_asked_values_and_no_other_line(
    text: str, changes: dict[str, str | int | None]
) -> None:
    before = _readable(text)
    assume(before)
    after = edit_profile(text, changes)
    read = parse_profile(after, name="p")
    for key, value in changes.items():
        at: object = read.source.document
        for part in split_key(key):
            at = at[part]  # type: ignore[index]
        assert (type(at), at) == (type(value), value)
    _only_asked_lines_differ(text, after, changes)
    assert edit_profile(after, changes) == after


def _only_asked_lines_differ(text: str, after: str, changes: dict[str, object]) -> None:
    words = {part for key in changes for part in split_key(key)}
    old, new = text.splitlines(keepends=True), after.splitlines(keepends=True)
    for op, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            continue
        assert op != "delete"
        touched = [line for line in (*old[a:b], *new[c:d]) if line.strip()]
        last = [old[-1].rstrip("\r\n")] if old else []
        assert all(
            any(word in line for word in words) or line.rstrip("\r\n") in last for line in touched
        )
    for line in (line for line in old if line.lstrip().startswith("#")):
        assert line.rstrip("\r\n") in after


@given(
    value=st.none()
    | st.booleans()
    | st.integers(-(10**38), 10**38)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    style=st.sampled_from(["", "'", '"']),
    flow=st.booleans(),
)
def test_a_written_value_is_read_back_by_this_and_by_older_readers(
    *, value: Scalar, style: str, flow: bool
) -> None:
    try:
        written = write_scalar(value, style=style, flow=flow)
    except InputError:
        assert any("\ud800" <= char <= "\udfff" for char in str(value))
        return
    text = f"a: {{k: {written}}}" if flow else f"a: {written}  # c"
    ours = read_source(text, name="p").document
    for read in (ours, yaml.safe_load(text)):
        found = read["a"]["k"] if flow else read["a"]  # type: ignore[index,call-overload]
        assert (type(found), found) == (type(value), value)
    assert not isinstance(value, int) or resolve(written) == value
