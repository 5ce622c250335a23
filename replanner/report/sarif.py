"""Decides what a code scanner is told: the same remarks as the annotations, as SARIF 2.1.0
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html)."""

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

from replanner.report.annotations import Remark, Severity, remarks
from replanner.report.review import Review

# GitHub shows the first 5,000 results of a run.
MOST_RESULTS = 5_000
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "notice": "note"}
_LONGEST = 1_000


def sarif(review: Review, *, planner_version: str) -> dict[str, object]:
    """One run with a rule for each code."""
    found = list(remarks(review))[:MOST_RESULTS]
    codes = sorted({one.code for one in found})
    driver = {
        "name": "replanner",
        "version": planner_version,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": "replanner/"},
        "results": _results(found, codes),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, object]:
    words = code.replace("_", " ")
    return {"id": code, "shortDescription": {"text": words[:1].upper() + words[1:]}}


def _results(found: Sequence[Remark], codes: Sequence[str]) -> list[dict[str, object]]:
    numbers = {code: at for at, code in enumerate(codes)}
    seen: dict[str, int] = {}
    told = []
    for one in found:
        key = f"{one.path}\0{one.code}"
        seen[key] = seen.get(key, 0) + 1
        told.append(_result(one, numbers[one.code], fingerprint=_digest(f"{key}\0{seen[key]}")))
    return told


def _result(one: Remark, number: int, *, fingerprint: str) -> dict[str, object]:
    place = {
        "artifactLocation": {"uri": quote(one.path), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": max(1, one.at.line), "startColumn": max(1, one.at.column)},
    }
    return {
        "ruleId": one.code,
        "ruleIndex": number,
        "level": _LEVELS["notice" if one.known else one.severity],
        "message": {"text": one.message[:_LONGEST] or one.code},
        "locations": [{"physicalLocation": place}],
        # Neither the line nor the figures are part of it: both move while the trouble stays.
        "partialFingerprints": {"replanner/v1": fingerprint},
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
