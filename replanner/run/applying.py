"""Writes regenerated files to a pull request's own branch, where somebody who may asked for it."""

from typing import Final

from replanner.propose.shapes import APPLY_LABEL
from replanner.replan.ports import Pull
from replanner.replan.write_back import WriteBackOptions, WrittenBack
from replanner.replan.write_back import write_back as bring_in_line
from replanner.run.scene import Scene

BY_LABEL: Final = f"with the label {APPLY_LABEL}"


def apply_to_pull(
    scene: Scene, pull: Pull, *, how: str = BY_LABEL, read_only: bool = False
) -> WrittenBack:
    """One commit with what `check` would miss, then the label is taken off again; `how` is by what
    means somebody asked."""
    silent = read_only or scene.settings.dry_run
    wanted = WriteBackOptions(
        repository=scene.repository,
        how=how,
        globs=scene.settings.profiles,
        config_path=scene.settings.config,
        dry_run=silent,
        registry=scene.registry(),
    )
    done = bring_in_line(scene.world.pulls, pull, scene.hub, wanted)
    if not silent:
        scene.world.pulls.remove_label(pull, APPLY_LABEL)
    return done
