"""Does what a button of our own check run says, for who may write; and runs the check again where
GitHub's own button asks for that."""

from collections.abc import Callable, Mapping
from typing import Final

from replanner.propose.shapes import Shown
from replanner.propose.state import read_state
from replanner.replan.check_runs import About, about_of
from replanner.replan.ports import Pull
from replanner.report.check_run import APPLY, IGNORE, REPLAN
from replanner.report.markdown import code
from replanner.run.answering import told_before
from replanner.run.applying import apply_to_pull
from replanner.server.errand import Account, Errand, nothing, raise_if_away
from replanner.server.judging import queued, reviewed
from replanner.server.proposing import updated

_RERUN: Final = ""  # GitHub's button has no identifier
_MARKER_DIGITS: Final = 16


def pressed(errand: Errand) -> Account:
    """What it says, about the commit that the check run is on: whoever pressed saw no other."""
    why = errand.refusal()
    checks, commit, button = errand.world.checks, errand.text("commit"), errand.text("button")
    if why or checks is None:
        return nothing(why or "no check runs are written")
    standing = checks.find(commit)
    about = about_of(standing) if standing else None
    if about is None:
        return nothing("no check run of ours is on that commit")
    if about.kind == "queue":
        return _in_queue(errand, about.value, commit, button)
    pull = _pull_at(errand, about, commit)
    if pull is None:
        return nothing("no open pull request ends in that commit")
    if button not in _DOES:
        return nothing("there is no such button")
    return _DOES[button](errand, pull)


def _in_queue(errand: Errand, base: str, head: str, button: str) -> Account:
    if button != _RERUN:
        return nothing("there is no such button")
    return queued(errand, base, head, again=True)


def _pull_at(errand: Errand, about: About, commit: str) -> Pull | None:
    """The pull request whose verdict the check run tells, else another one of the same head."""
    pulls, number = errand.world.pulls, about.number
    found = pulls.pull(number) if number else None
    if found and found.state == "open" and found.head_commit == commit:
        return errand.at_tip(found)
    other = pulls.pull_of(commit, repository="")
    return errand.at_tip(other) if other else None


# --- the buttons


def _rerun(errand: Errand, pull: Pull) -> Account:
    return reviewed(errand, pull, again=True)


def _replan(errand: Errand, pull: Pull) -> Account:
    """One of our own is written afresh first; it may be another then, or none."""
    group = errand.own_group(pull)
    if not group:
        return _rerun(errand, pull)
    account = updated(errand, pull.base, group=group, forced=True)
    afresh = errand.at_tip(errand.world.pulls.pull(pull.number))
    return account | {"review": reviewed(errand, afresh, again=True)}


def _apply(errand: Errand, pull: Pull) -> Account:
    if pull.head_repository != errand.target.repository:
        return nothing("its branch is in a fork, which its owner alone writes to")
    if errand.own_group(pull):
        return nothing("its files are ours already")
    scene, how = errand.scene(pull.base_commit), f'with the button "{APPLY.label}"'
    done = apply_to_pull(scene, pull, how=how)
    raise_if_away(one.error for one in done.applied.profiles)
    account: Account = {"did": "applied", "pull": pull.number, "commit": done.commit}
    return account if done.commit else account | {"review": _rerun(errand, pull)}


def _ignore(errand: Errand, pull: Pull) -> Account:
    """As a person refuses a proposal, by closing it: the lifecycle remembers its content by what is
    closed, and a newer revision is another content. The sentence goes first, so that a job which is
    done again finds it and closes."""
    state = read_state(pull.body) if errand.own_group(pull) else None
    if state is None:
        return nothing("it is no proposal of ours")
    if errand.scene(pull.base_commit).settings.dry_run:
        return nothing("dry-run is set")
    shown = Shown(str(pull.number), pull.head, "open", pull.title, pull.body)
    marker = f"<!-- replanner:ignored {state.digest[:_MARKER_DIGITS]} -->\n"
    said = [one.body for one in errand.world.pulls.comments(pull.number) if one.ours]
    if not told_before(marker, said):
        errand.world.forge.comment(shown, marker + _ignored_by(errand.text("writer")))
    errand.world.forge.close(shown, pull.body)
    return {"did": "ignored", "pull": pull.number}


def _ignored_by(who: str) -> str:
    return (
        f"{code(who)} pressed *{IGNORE.label}*. What this proposes is not proposed again; what"
        " comes after it is."
    )


_DOES: Final[Mapping[str, Callable[[Errand, Pull], Account]]] = {
    _RERUN: _rerun,
    REPLAN.identifier: _replan,
    APPLY.identifier: _apply,
    IGNORE.identifier: _ignore,
}
