"""Decides how a proposal's title is written in a repository: its style, its scope, its length."""

import re
from collections.abc import Iterable
from typing import Literal

TitleStyle = Literal["auto", "conventional", "plain"]
LONGEST = 72  # what git log and GitHub's lists show of a subject
# https://www.conventionalcommits.org/en/v1.0.0/: type, optional scope, optional !, colon, text.
_CONVENTIONAL = re.compile(r"[A-Za-z]+(\([^()]*\))?!?: \S")
_MERGE = re.compile(r"Merge (pull request|branch|remote-tracking branch|tag|commit) ")
_LEAST = 16  # of a name that is cut: less tells it from nobody
_PREFIX = "chore(vllm): "
# What tells a title from its neighbours begins here; it is never cut.
_UNIQUE = re.compile(r" for revision |: does not ")


def is_conventional(subjects: Iterable[str]) -> bool:
    """Do most of a branch's commits follow the convention? Merges say what git made of them."""
    own = [one for one in subjects if one and not _MERGE.match(one)]
    return 2 * sum(bool(_CONVENTIONAL.match(one)) for one in own) > len(own)


def styled(title: str, *, conventional: bool, scope: str = "default") -> str:
    """The title as the repository writes titles; the scope is named unless it is the default."""
    where = "" if scope == "default" else f"[{scope}] "
    if not conventional:
        return where + _shortened(title, LONGEST - len(where))
    lead = _PREFIX + where
    return lead + _shortened(title[:1].lower() + title[1:], LONGEST - len(lead))


def _shortened(title: str, longest: int) -> str:
    """Where it is too long, the name in its middle gives; what is unique at its end stays."""
    found = _UNIQUE.search(title)
    if len(title) <= longest or found is None:
        return title
    room = longest - (len(title) - found.start()) - 1
    return f"{title[:room].rstrip()}…{title[found.start() :]}" if room > _LEAST else title
