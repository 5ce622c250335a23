"""Decides what a pull request does to the profiles of its repository: by the base's rules and pins,
with both sides planned by this planner."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from replanner.errors import InputError
from replanner.planning.record import document, identity
from replanner.profile import RepoConfig
from replanner.profile.repo_config import REPO_CONFIG_PATH
from replanner.profile.settings import FailOn, OnError
from replanner.propose.shapes import digest_of
from replanner.replan.edits import Editor
from replanner.replan.gate import concerns, gate, severity, verdict
from replanner.replan.pairs import Pair, Pairing, Side
from replanner.replan.repository import Repository, read_config, read_repository
from replanner.replan.rows import row, trouble
from replanner.report.review import Edit, Review, Reviewed, Trouble
from replanner.resolve import Place, Planner

# Editing and planning again takes a while, and nobody reads advice on more profiles than this.
_MOST_ADVISED = 20


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """What is known of a pull request beside its trees, and how it is to be judged.

    `changed` are the paths that it changes (None: not known), `lines` those lines of the head that
    its diff shows, by path. `globs` leave other profiles out of sight. `config_path` is where both
    sides keep their configuration; `rules` is the base branch's as it is now, None where that is
    what the pull request branched off from.
    """

    base: str
    base_commit: str
    head_commit: str
    changed: Collection[str] | None = None
    lines: Mapping[str, Collection[int]] = field(default_factory=dict)
    globs: tuple[str, ...] = ()
    config_path: str = REPO_CONFIG_PATH
    rules: RepoConfig | None = None
    fail_on: FailOn = "infeasible"
    on_error: OnError = "warn"


def review(head: Side, base: Side, *, facts: ReviewFacts) -> Review:
    """What a pull request does. `base` is where it branched off: its pins count, and its
    configuration where `facts.rules` has none; who branches off from long ago chooses no older
    policy. InputError where that configuration cannot be read."""
    at, globs = facts.config_path, facts.globs
    before = read_repository(base.tree, config=facts.rules, globs=globs, config_path=at)
    after = read_repository(head.tree, config=before.config, globs=globs, config_path=at)
    bench = _Bench(base.planner, head.planner, facts)
    pairs = bench.pairs(before, after)
    found = _rows(pairs, before.config)
    broken, notes = bench.own_configuration(before, after, pairs)
    rows = tuple(bench.advised(found, pairs, before.config))
    judged = gate(rows, fail_on=facts.fail_on, on_error=facts.on_error, config=broken)
    told = (*notes, *(note for one in pairs for note in one.notes))
    return Review(
        profiles=rows,
        verdict=verdict(rows),
        blocked=judged.blocked,
        exit_code=judged.exit_code,
        base=facts.base,
        base_commit=facts.base_commit,
        head_commit=facts.head_commit,
        digest=_digest(rows, told),
        notes=told,
        changed_lines=frozenset((path, at) for path, lines in facts.lines.items() for at in lines),
        config_trouble=broken,
    )


def _config_of(side: Repository, facts: ReviewFacts) -> bytes | None:
    """The configuration's text."""
    return side.tree.read(facts.config_path) if facts.config_path in side.paths else None


def _settings_told(ours: RepoConfig, theirs: RepoConfig) -> tuple[str, ...]:
    """Which settings the pull request changes: they say where tokens go and what merges itself."""
    keys = sorted(ours.settings.keys() | theirs.settings.keys())
    moved = [key for key in keys if ours.settings.get(key) != theirs.settings.get(key)]
    return (f"This pull request changes settings: {', '.join(moved)}.",) if moved else ()


def _rows(pairs: Iterable[Pair], config: RepoConfig) -> list[Reviewed]:
    """All profiles by one configuration, the worst first."""
    return sorted((row(one, config.policy_for(one.path)) for one in pairs), key=severity)


@dataclass(frozen=True, slots=True)
class _Bench:
    """The planners of both sides, which keep what the profiles share."""

    base: Planner
    head: Planner
    facts: ReviewFacts

    def pairs(self, before: Repository, after: Repository) -> tuple[Pair, ...]:
        changed = self.facts.changed
        known = None if changed is None else frozenset(changed) | (before.paths ^ after.paths)
        return Pairing(before, after, self.base, self.head, known).pairs()

    def own_configuration(
        self, before: Repository, after: Repository, pairs: Sequence[Pair]
    ) -> tuple[Trouble | None, tuple[str, ...]]:
        """What is wrong with the configuration that the pull request brings, and what it would
        change: it cannot weaken what it is judged by, and nobody should merge it unseen."""
        if _config_of(before, self.facts) == _config_of(after, self.facts):
            return None, ()
        judge = f"the one on {self.facts.base}"
        try:
            theirs = read_config(after.tree, after.paths, self.facts.config_path)
        except InputError as error:
            first = error.message.split("\n")[0]
            return trouble(error), (f"{first} This pull request is judged by {judge}.",)
        ours = before.config
        told = _settings_told(ours, theirs)
        if theirs._replace(settings=ours.settings, ignore_revisions=ours.ignore_revisions) == ours:
            return None, told
        now = verdict(_rows(pairs, ours))
        then = verdict(self._rows_by(theirs, before, after, pairs))
        would = "the same" if now == then else f"{then}, not {now}"
        said = f"This pull request changes {self.facts.config_path} and is judged by {judge}."
        return None, (f"{said} By its own the verdict would be {would}.", *told)

    def _rows_by(
        self, config: RepoConfig, before: Repository, after: Repository, pairs: Sequence[Pair]
    ) -> list[Reviewed]:
        if config.profiles == before.config.profiles:
            return _rows(pairs, config)
        base, head = (
            read_repository(one.tree, config=config, globs=self.facts.globs)
            for one in (before, after)
        )
        return _rows(self.pairs(base, head), config)

    def advised(
        self, rows: Iterable[Reviewed], pairs: Iterable[Pair], config: RepoConfig
    ) -> Iterator[Reviewed]:
        """The rows, with edits for what the pull request breaks."""
        by_path = {one.path: one for one in pairs}
        left = _MOST_ADVISED
        for one in rows:
            wanted = left > 0 and one.level in ("infeasible", "policy") and concerns(one)
            left -= wanted
            yield replace(one, edits=self._edits(by_path[one.path], config)) if wanted else one

    def _edits(self, pair: Pair, config: RepoConfig) -> tuple[Edit, ...]:
        loaded = pair.after.loaded if pair.after else None
        if loaded is None or pair.new.record is None:
            return ()
        place, policy = Place(pair.path, pair.name), config.policy_for(pair.path)
        return Editor(self.head, loaded, place, pair.new.record, policy, pair.old.record).edits()


def _digest(rows: Iterable[Reviewed], notes: Iterable[str]) -> str:
    """Of what people are told, whatever the commits."""
    parts = {one.path: _told(one) for one in rows if concerns(one) or one.touched}
    return digest_of({**parts, "": "\n".join(notes)})


def _told(one: Reviewed) -> str:
    sides = (one.change.old, one.change.new) if one.change else (one.record,)
    plans = [identity(document(side)) if side else "" for side in sides]
    limits = [list(breach) for breach in one.breaches]
    error = one.trouble.message if one.trouble else ""
    told = [one.kind, one.level, one.inherited, plans, limits, error, one.stale, one.hand_edited]
    return json.dumps(told)
