"""Labels, assignees and reviewers of pull requests: their absence fails no run, it is a warning."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

from replanner.errors import ReplannerError
from replanner.forge.github.refusals import NotThere, Refused
from replanner.forge.github.session import Answer, Session
from replanner.propose import Content

# A new pull request is not known to all of GitHub at once: peter-evans/create-pull-request#4321.
_UNKNOWN_YET = "could not resolve to a node"
_ATTEMPTS = 4


class _Login(Answer):
    login: str


class _Assigned(Answer):
    assignees: tuple[_Login, ...] = ()


def take_label_off(session: Session, number: str, label: str) -> None:
    """A label that is not there any more is off, too."""
    path = f"issues/{number}/labels/{quote(label, safe='')}"
    with suppress(NotThere):
        session.rest("DELETE", path, doing=f"take a label off #{number}")


class Asides(NamedTuple):
    """`warnings` is where they are told."""

    session: Session
    warnings: list[str]

    def add_labels(self, number: str, labels: Iterable[str]) -> None:
        if wanted := sorted(labels):
            path = f"issues/{number}/labels"
            self._ask(path, {"labels": wanted}, doing=f"label #{number}")

    def remove_labels(self, number: str, labels: Iterable[str]) -> None:
        for label in sorted(labels):
            try:
                take_label_off(self.session, number, label)
            except ReplannerError as error:
                self.warnings.append(error.message)

    def ask_people(self, number: str, content: Content) -> None:
        """Assignees and reviewers; GitHub passes silently over those it cannot assign."""
        if content.assignees:
            path, asked = f"issues/{number}/assignees", {"assignees": list(content.assignees)}
            answer = self._ask(path, asked, doing=f"assign people to #{number}")
            if answer is not None:
                self._tell_missing(number, content.assignees, answer)
        if content.reviewers or content.team_reviewers:
            people = {
                "reviewers": list(content.reviewers),
                "team_reviewers": list(content.team_reviewers),
            }
            path = f"pulls/{number}/requested_reviewers"
            self._ask(path, people, doing=f"request reviews of #{number}")

    def _tell_missing(self, number: str, wanted: Iterable[str], answer: object) -> None:
        assigned = self.session.checked(_Assigned, answer).assignees
        there = {one.login.lower() for one in assigned}
        missing = [one for one in wanted if one.lower() not in there]
        if missing:
            self.warnings.append(f"#{number} cannot be assigned to {', '.join(missing)}.")

    def _ask(self, path: str, body: Mapping[str, object], *, doing: str) -> object:
        """The answer; None where it was refused, which is told."""
        pause_s = self.session.connection.pace.first_wait_s
        for left in reversed(range(_ATTEMPTS)):
            try:
                return self.session.rest("POST", path, doing=doing, body=body)
            except ReplannerError as error:
                unknown = isinstance(error, Refused) and error.mentions(_UNKNOWN_YET)
                if not unknown or not left:
                    self.warnings.append(error.message)
                    return None
            time.sleep(pause_s)
            pause_s *= 2
        return None
