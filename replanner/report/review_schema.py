"""What a review's report must look like, for anybody who writes or reads one."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from replanner.errors import InputError
from replanner.report.report_fit import MOST_PROFILES
from replanner.report.review import Kind, Level, Verdict

_MOST_ITEMS = 1_000
_LONGEST_LINE = 1 << 31
# What no terminal, Markdown or UTF-8 encoder should meet; line ends and tabs may stand.
_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _usable(text: str) -> str:
    if _UNUSABLE.search(text):
        raise ValueError("holds control characters")
    return text


Name = Annotated[str, Field(max_length=500), AfterValidator(_usable)]
Sentence = Annotated[str, Field(max_length=8_000), AfterValidator(_usable)]
Commit = Annotated[str, Field(pattern="^[0-9a-f]{7,64}$")]
# It stands in the comment's hidden line, which it must not end.
Digest = Annotated[str, Field(pattern="^[0-9A-Za-z:]{0,100}$")]
Line = Annotated[int, Field(ge=1, lt=_LONGEST_LINE)]
Place = tuple[Line, Line]
Paths = Annotated[tuple[Name, ...], Field(max_length=_MOST_ITEMS)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BreachReport(_Part):
    """A limit of the policy and what the plan comes to."""

    limit: Name
    wanted: Name
    found: Name
    setting: Name = ""


class EditReport(_Part):
    """A line of a profile and what it should say."""

    path: Name
    line: Line
    text: Sentence
    setting: Name
    value: Name
    effect: Sentence


class TroubleReport(_Part):
    """Why a profile could not be planned."""

    message: Sentence
    hint: Sentence
    exit_code: Annotated[int, Field(ge=1, le=4)]
    position: Place | None = None


Breaches = Annotated[tuple[BreachReport, ...], Field(max_length=_MOST_ITEMS)]
Edits = Annotated[tuple[EditReport, ...], Field(max_length=_MOST_ITEMS)]
Plan = Annotated[dict[str, Any], Field(description="A plan, as in plan.json.")]


class ProfileReport(_Part):
    """One profile; `before` and `after` are its plans where the pull request changes them."""

    name: Name
    path: Name
    kind: Kind
    level: Level
    before: Plan | None
    after: Plan | None
    breaches: Breaches = ()
    kept: Breaches = ()
    edits: Edits = ()
    trouble: TroubleReport | None = None
    inherited: bool = False
    touched: bool = False
    stale: Paths = ()
    hand_edited: Paths = ()
    places: Annotated[dict[Name, Place], Field(max_length=_MOST_ITEMS)] = {}
    without_plans: Annotated[bool, Field(description="Its plans made the report too large.")] = (
        False
    )


class ReviewReport(_Part):
    """What replanner found about a pull request, or any two commits."""

    schema_version: Annotated[int, Field(ge=1, le=1)]
    planner_version: Name
    verdict: Verdict
    blocked: bool
    exit_code: Annotated[int, Field(ge=0, le=4)]
    base: Name
    base_commit: Commit
    head_commit: Commit
    digest: Digest = ""
    notes: Annotated[tuple[Sentence, ...], Field(max_length=100)] = ()
    changed_lines: Annotated[dict[Name, tuple[Line, ...]], Field(max_length=MOST_PROFILES)] = {}
    config_trouble: TroubleReport | None = None
    profiles: Annotated[tuple[ProfileReport, ...], Field(max_length=MOST_PROFILES)]


def validated(data: bytes) -> ReviewReport:
    """The report that a JSON text is; InputError naming the first wrong place."""
    try:
        return ReviewReport.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        path = ".".join(str(part)[:60] for part in first["loc"][:8])
        where = f"the report's {ascii(path)[1:-1]}" if path else "the report"
        raise InputError(f"{where} cannot be used: {first['msg']}.") from None


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    found = ReviewReport.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found,
        "title": "replanner report",
    }
