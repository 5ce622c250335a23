"""How a run is told to propose, by the settings of a repository."""

from dataclasses import dataclass
from typing import Literal

from replanner.profile.repo_config import REPO_CONFIG_PATH
from replanner.profile.settings import USUAL_CLASSES, Settings
from replanner.propose.groups import PREFIX, GroupBy
from replanner.propose.shapes import LABEL, Rules
from replanner.propose.titles import TitleStyle
from replanner.replan.cooldown import Cooldown


@dataclass(frozen=True, slots=True)
class Options:
    """How to propose, to one base (None: the default branch).

    `only` names the profiles to look at and `globs` narrows those of the configuration; empty:
    all. `config_path` is where the base keeps its configuration. `forced` groups are written afresh
    because somebody asked; where `groups` names some, the others are left alone. `now_s` is the
    time that ages are taken at, in seconds since 1970.
    """

    base: str | None = None
    group_by: GroupBy = "model"
    prefix: str = PREFIX
    scope: str = "default"
    labels: tuple[str, ...] = (LABEL,)
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    draft: Literal["auto", "true", "false"] = "auto"
    auto_merge: Literal["never", "safe"] = "never"
    merge_method: Literal["squash", "merge", "rebase"] = "squash"
    open_prs_limit: int | None = 5
    new_prs_per_run: int | None = 2
    min_revision_age_s: int = 0
    now_s: int = 0
    revision_classes: tuple[str, ...] = USUAL_CLASSES
    recreate_closed: bool = False
    title_style: TitleStyle = "auto"
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
        return Cooldown(self.min_revision_age_s, self.now_s)


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
