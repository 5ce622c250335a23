"""Decides what a tree says: its configuration, its profiles, and the plans it holds."""

import json
import posixpath
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from replanner import plugins
from replanner.errors import Bug, InputError, ReplannerError, did_you_mean
from replanner.planning.record import PlanRecord
from replanner.planning.stored import is_inside, parse_document
from replanner.profile import (
    LoadedProfile,
    RepoConfig,
    find_profiles,
    parse_profile,
    parse_repo_config,
)
from replanner.profile.globs import DEFAULT_GLOBS, matches, narrowed
from replanner.profile.repo_config import REPO_CONFIG_PATH
from replanner.render import RENDERERS
from replanner.replan.artifacts import PLAN_FILE, output_dir
from replanner.replan.ports import Tree


@dataclass(frozen=True, slots=True)
class Found:
    """One profile of the tree: readable, with a folder of its own, or with the reason why not."""

    name: str
    path: str
    loaded: LoadedProfile | None = None
    error: ReplannerError | None = None

    @property
    def folder(self) -> str | None:
        return output_dir(self.loaded.profile, self.name) if self.loaded else None


@dataclass(frozen=True, slots=True)
class Repository:
    """`records` are the plans by their folder; `unreadable` the reasons where there is none."""

    tree: Tree
    config: RepoConfig
    profiles: tuple[Found, ...]
    paths: frozenset[str]
    records: Mapping[str, PlanRecord] = field(default_factory=dict)
    unreadable: Mapping[str, InputError] = field(default_factory=dict)
    partial: bool = False

    def old_record(self, found: Found) -> PlanRecord | None:
        """The plan that the profile has: in its folder, or where its folder was."""
        here = self.records.get(found.folder or "")
        if here is not None:
            return here
        of_path = (one for one in self.records.values() if one.inputs.profile_path == found.path)
        return next(of_path, None)

    def expect_files(self, folders: Iterable[str | None]) -> None:
        """The files of plans in these folders will be read."""
        wanted = {*folders, *self.leftovers()} - {None}
        self.tree.expect(path for path in self.paths if posixpath.dirname(path) in wanted)

    def leftovers(self) -> dict[str, PlanRecord]:
        """Plans whose profile is gone or writes elsewhere now, by folder.

        Only where everything agrees: the plan lies where it says that its profile wrote, and the
        profile is one that we would have found. A stranger's plan.json is never ours to delete.
        """
        if self.partial:
            return {}
        claimed = {found.folder for found in self.profiles}
        unread = {found.path for found in self.profiles if found.loaded is None}
        known = {found.path for found in self.profiles if found.loaded}
        return {
            folder: record
            for folder, record in sorted(self.records.items())
            if folder not in claimed
            and folder == _recorded_folder(record)
            and (path := record.inputs.profile_path) not in unread
            and (path in known or self._is_removed(path))
        }

    def _is_removed(self, path: str) -> bool:
        return path not in self.paths and any(matches(path, glob) for glob in self.config.profiles)


def read_repository(
    tree: Tree,
    *,
    only: Sequence[str] = (),
    config: RepoConfig | None = None,
    globs: Sequence[str] = (),
    config_path: str = REPO_CONFIG_PATH,
) -> Repository:
    """What the tree holds; with `only` or narrower `globs`, the other profiles are left out of
    sight. `config` is taken instead of the tree's own: a head must not weaken what judges it.

    One broken profile is its own affair; a broken configuration is everybody's.
    """
    paths = frozenset(tree.paths())
    plans = [path for path in paths if posixpath.basename(path) == PLAN_FILE]
    if config is None:
        # Nearly all repositories keep their profiles here, so that one fetch brings everything.
        usual = [path for _, path in _named(paths, DEFAULT_GLOBS)]
        tree.expect([config_path, *plans, *usual])
        config = read_config(tree, paths, config_path)
    configured = _named(paths, config.profiles)
    named = narrowed(configured, paths, globs) if globs else configured
    tree.expect([config_path, *plans, *(path for _, path in named)])
    profiles = _profiles(tree, named, config)
    records, unreadable = _records(tree, paths, {one.folder for one in profiles})
    partial = bool(only) or not {path for _, path in configured} <= {path for _, path in named}
    if only:
        profiles = _selected(profiles, only)
    return Repository(tree, config, profiles, paths, records, unreadable, partial=partial)


def revision_records(tree: Tree) -> dict[str, PlanRecord]:
    """Every plan that a tree holds, by its profile's path; for comparing two revisions."""
    repository = read_repository(tree)
    return {
        record.inputs.profile_path: record
        for _, record in sorted(repository.records.items())
        if record.inputs.profile_path
    }


def read_config(
    tree: Tree, paths: Collection[str], config_path: str = REPO_CONFIG_PATH
) -> RepoConfig:
    """The configuration that a tree of these paths holds; InputError where it cannot be read."""
    if config_path not in paths:
        return RepoConfig()
    return parse_repo_config(tree.read(config_path), name=config_path)


def _named(paths: Iterable[str], globs: Sequence[str]) -> list[tuple[str, str]]:
    """(name, path) of every profile; of two that share a name, both."""
    try:
        return find_profiles(paths, globs)
    except InputError:
        return sorted(found for path in paths for found in find_profiles([path], globs))


def _profiles(
    tree: Tree, named: Iterable[tuple[str, str]], config: RepoConfig
) -> tuple[Found, ...]:
    renderers = plugins.names("render", builtin=RENDERERS)
    found = [_load(tree, name, path, renderers) for name, path in named]
    by_folder: dict[str, list[Found]] = {}
    by_name: dict[str, list[Found]] = {}
    for one in found:
        by_folder.setdefault(_on_disk(one.folder), []).append(one)
        by_name.setdefault(one.name, []).append(one)
    return tuple(
        _checked(one, by_folder[_on_disk(one.folder)], config)
        if len(by_name[one.name]) == 1
        else _namesake(one, by_name[one.name])
        for one in found
    )


def _on_disk(folder: str | None) -> str:
    """The same for folders that some file systems hold for one: in another case, or with an accent
    that is a letter of its own (Unicode's NFC and NFD)."""
    return unicodedata.normalize("NFC", (folder or "").casefold())


def _load(tree: Tree, name: str, path: str, renderers: Sequence[str]) -> Found:
    try:
        return Found(name, path, parse_profile(tree.read(path), name=path, renderers=renderers))
    except ReplannerError as error:
        return Found(name, path, error=error)
    except Exception as error:  # noqa: BLE001 - a bug met by one profile holds back no other
        return Found(name, path, error=Bug.of(error))


def _checked(one: Found, same_folder: Sequence[Found], config: RepoConfig) -> Found:
    """A profile that would write where another does, or where profiles are looked for, is bad."""
    if one.folder is None:
        return one
    if not is_inside(one.folder):
        # Told here, or the forge refuses the whole proposal, neighbours and all.
        return _bad(one, f"{one.path} would write to {one.folder!r}, which git or Windows refuses.")
    other = next((other.path for other in same_folder if other is not one), None)
    if other:
        return _bad(one, f"{one.path} and {other} both write to {one.folder!r}.")
    inside = f"{one.folder}/x.yaml"
    if any(matches(inside, glob) for glob in config.profiles):
        return _bad(one, f"{one.path} writes to {one.folder!r}, where profiles are looked for.")
    return one


def _namesake(one: Found, same_name: Sequence[Found]) -> Found:
    """A name decides folder, branch and labels: two profiles of one name are both bad."""
    first, second, *_ = [other.path for other in same_name]
    message = f"two profiles are called {one.name!r}: {first} and {second}"
    return Found(one.name, one.path, error=InputError(message, hint="Rename one of the files."))


def _bad(one: Found, message: str) -> Found:
    return Found(one.name, one.path, error=InputError(message, hint="Set outputs.dir."))


def _selected(profiles: Sequence[Found], only: Sequence[str]) -> tuple[Found, ...]:
    known = [word for one in profiles for word in (one.name, one.path)]
    for word in only:
        if word not in known:
            raise InputError(f"no profile is called {word!r}.{did_you_mean(word, known)}")
    return tuple(one for one in profiles if one.name in only or one.path in only)


def _records(
    tree: Tree, paths: frozenset[str], claimed: set[str | None]
) -> tuple[dict[str, PlanRecord], dict[str, InputError]]:
    records: dict[str, PlanRecord] = {}
    unreadable: dict[str, InputError] = {}
    for path in sorted(paths):
        folder, name = posixpath.split(path)
        if name != PLAN_FILE:
            continue
        try:
            records[folder] = parse_plan(tree.read(path), name=path)
        except InputError as error:
            if folder in claimed:  # other tools call their files so too
                unreadable[folder] = error
    return records, unreadable


def parse_plan(data: bytes, *, name: str) -> PlanRecord:
    """The plan in a plan.json; InputError naming the file and the path in it."""
    try:
        parsed = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InputError(
            f"{name}: is no JSON.", hint="Restore or delete it, then run again."
        ) from None
    try:
        return parse_document(parsed)
    except InputError as error:
        hint = f"{error.hint} Restore or delete it, then run again.".strip()
        raise InputError(f"{name}: {error.message}", hint=hint) from None


def _no_number(text: str) -> float:
    raise ValueError(text)


def _recorded_folder(record: PlanRecord) -> str:
    """Where the profile wrote by its own account."""
    folder = record.inputs.profile_values.get("outputs.dir")
    return str(folder) if folder else f"deploy/{record.inputs.profile_name}"
