"""Decides what may be a model id, a revision and a commit: all three come from strangers and end up
in paths and URLs."""

import re

from replanner.errors import InputError

# huggingface_hub's validate_repo_id: letters, digits, - _ . , at most 96 characters, no -- or ..,
# and no name that starts or ends with - or .
_MODEL_ID = re.compile(r"(?=.{1,96}\Z)(?!.*(--|\.\.))(\w([\w.-]*\w)?/)?\w([\w.-]*\w)?", re.ASCII)
# git's rules for ref names, narrowed to what a path and a URL carry without quoting trouble.
_REVISION = re.compile(r"(?=.{1,255}\Z)(?!.*\.\.)(?![.-])[\w.+@-]+(/(?![.-])[\w.+@-]+)*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_commit(revision: str) -> bool:
    return _COMMIT.fullmatch(revision) is not None


def check_model_id(model_id: str) -> None:
    if not _MODEL_ID.fullmatch(model_id):
        raise InputError(
            f"model.id {model_id[:100]!r} is no model id",
            hint="Write ORG/NAME as on the Hub, or a folder that starts with ./, ../ or /",
        )


def check_revision(revision: str) -> None:
    if not _REVISION.fullmatch(revision):
        raise InputError(
            f"model.revision {revision[:100]!r} is no branch, tag or commit",
            hint="Write main, a tag, or the 40 hexadecimal digits of a commit",
        )


def check_commit(commit: str) -> None:
    if not is_commit(commit):
        raise InputError(f"{commit[:100]!r} is no commit: 40 hexadecimal digits are expected")
