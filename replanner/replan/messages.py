"""Decides what a proposal's commit says: what moved upstream, a verdict for each profile, and the
lines that programs read."""

from collections.abc import Sequence

from replanner import __version__
from replanner.planning.diff import Change
from replanner.report import commit_text
from replanner.report.titles import upstream_text


def commit_message(
    headline: str, changes: Sequence[Change], trailers: Sequence[tuple[str, str]]
) -> str:
    """The whole message; trailers are its last paragraph, as git-interpret-trailers(1) has it."""
    parts = [headline, upstream_text(changes), commit_text(changes)]
    last = "\n".join(f"{name}: {value}" for name, value in trailers)
    return "\n\n".join([part for part in parts if part] + [last]) + "\n"


def trailers(*, group: str, digest: str, verbose: bool, signer: str) -> list[tuple[str, str]]:
    """Of ours, `Replanner-Plan` is never left out: by it a later run knows its own commits."""
    told = [("Replanner-Group", group)] if verbose else []
    told.append(("Replanner-Plan", digest))
    told += [("Replanner-Version", __version__)] if verbose else []
    return told + ([("Signed-off-by", signer)] if signer else [])
