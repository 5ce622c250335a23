"""Decides whether a commit is ours, and what it says it proposes."""

import re

from replanner.forge.github.session import Answer, Session

_WEB_FLOW = "web-flow"  # who commits what GitHub signs itself
_TRAILER = re.compile(r"^Replanner-Plan:[ \t]*(\S{1,200})[ \t]*$", re.MULTILINE)


class _Sha(Answer):
    sha: str


class _Login(Answer):
    login: str = ""


class _Signature(Answer):
    verified: bool = False


class _Person(Answer):
    name: str = ""
    email: str = ""
    date: str = ""


class _Text(Answer):
    message: str
    author: _Person = _Person()
    committer: _Person = _Person()
    verification: _Signature = _Signature()


class Commit(Answer):
    """A commit as the REST API lists it. `author` and `committer` are accounts, where GitHub knows
    whose the mail addresses are."""

    sha: str
    commit: _Text
    author: _Login | None = None
    committer: _Login | None = None
    parents: tuple[_Sha, ...] = ()

    @property
    def subject(self) -> str:
        return self.commit.message.partition("\n")[0]

    @property
    def signer(self) -> str:
        person = self.commit.author
        return f"{person.name} <{person.email}>" if person.name and person.email else ""


def plan_of(commit: Commit, session: Session) -> str | None:
    """What a commit of ours says it proposes, None for anybody else's.

    An amended commit keeps its author and its trailers, but not GitHub's signature. Where GitHub
    signs nothing for us, it does not keep its committer, or then its committer's date.
    """
    plans = _TRAILER.findall(commit.commit.message.strip().rpartition("\n\n")[2])
    author, committer = (one.login if one else "" for one in (commit.author, commit.committer))
    if not plans or author != session.me.login or len(commit.parents) != 1:
        return None
    signed = commit.commit.verification.verified and committer in (author, _WEB_FLOW)
    untouched = committer == author and commit.commit.author.date == commit.commit.committer.date
    return str(plans[-1]) if signed or (untouched and not session.signs) else None


def read_commit(session: Session, sha: str) -> Commit:
    return session.get(Commit, f"commits/{sha}", doing="read a commit")
