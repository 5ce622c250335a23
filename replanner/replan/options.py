"""Decides how a run may be told to propose, and refuses what makes no sense."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from replanner.errors import InputError, did_you_mean
from replanner.planning.causes import FILE_CLASSES
from replanner.profile.repo_config import REPO_CONFIG_PATH
from replanner.profile.settings import Settings
from replanner.propose.groups import PREFIX, check_group_by, check_prefix
from replanner.propose.shapes import LABEL, Rules
from replanner.propose.titles import TitleStyle
from replanner.replan.cooldown import Cooldown
from replanner.replan.judge import USUAL_CLASSES


@dataclass(frozen=True, slots=True)
class Options:
    """How to propose, to one base (None: the default branch).

    `only` names the profiles to look at and `globs` narrows those of the configuration; empty:
    all. `config_path` is where the base keeps its configuration. `forced` groups are written afresh
    because somebody asked; where `groups` names some, the others are left alone. `now_s` is the
    time that ages are taken at, in seconds since 1970.
    """

    base: str | None = None
    group_by: str = "model"
    prefix: str = PREFIX
    scope: str = "default"
    labels: tuple[str, ...] = (LABEL,)
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    draft: str = "auto"
    auto_merge: str = "never"
    merge_method: str = "squash"
    open_prs_limit: int | None = 5
    new_prs_per_run: int | None = 2
    min_revision_age_s: int = 0
    now_s: int | None = None
    revision_classes: tuple[str, ...] = USUAL_CLASSES
    recreate_closed: bool = False
    title_style: str = "auto"
    commit_trailers: bool = True
    signoff: bool = False
    only: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    config_path: str = REPO_CONFIG_PATH
    groups: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def rules(self) -> Rules:
        return Rules(
            open_limit=self.open_prs_limit,
            new_limit=self.new_prs_per_run,
            recreate_closed=self.recreate_closed,
            forced=frozenset(self.forced),
            only=frozenset(self.groups),
        )

    @property
    def cooldown(self) -> Cooldown:
        return Cooldown(self.min_revision_age_s, self.now_s or 0)


def options_of(settings: Settings, *, base: str | None, now_s: int) -> Options:
    """How the settings of a repository say to propose to one of its branches."""
    return Options(
        base=base,
        group_by=settings.group_by,
        prefix=settings.branch_prefix,
        scope=settings.scope,
        labels=settings.labels,
        assignees=settings.assignees,
        reviewers=settings.reviewers,
        team_reviewers=settings.team_reviewers,
        draft=settings.draft,
        auto_merge=settings.auto_merge,
        merge_method=settings.merge_method,
        open_prs_limit=settings.open_prs_limit,
        new_prs_per_run=settings.new_prs_per_run,
        min_revision_age_s=settings.min_revision_age_s,
        now_s=now_s,
        revision_classes=settings.revision_classes,
        recreate_closed=settings.recreate_closed,
        title_style=settings.title_style,
        commit_trailers=settings.commit_trailers,
        signoff=settings.signoff,
        globs=settings.profiles,
        config_path=settings.config,
        dry_run=settings.dry_run,
    )


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "draft": ("auto", "true", "false"),
    "auto_merge": ("never", "safe"),
    "merge_method": ("squash", "merge", "rebase"),
    "title_style": get_args(TitleStyle),
}


def check_options(options: Options) -> None:
    """InputError for a value that no run can follow."""
    check_group_by(options.group_by)
    check_prefix(options.prefix)
    for name, known in _CHOICES.items():
        _check_word(name, getattr(options, name), known)
    for word in options.revision_classes:
        _check_word("revision_classes", word, FILE_CLASSES)
    if options.min_revision_age_s and options.now_s is None:
        raise InputError("min_revision_age_s needs now_s, the time that ages are taken at.")


def _check_word(name: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        near = did_you_mean(word[:40], known)
        raise InputError(
            f"{name} {word[:40]!r} is unknown.{near}", hint=f"Known: {', '.join(known)}."
        )
