"""Opens and updates our own pull requests to one base."""

from dataclasses import replace

from replanner.replan import Base, Options, Replanned, replan
from replanner.replan.options import options_of
from replanner.run.scene import Scene


def update_base(
    scene: Scene, name: str | None, *, group: str = "", forced: bool = False, silent: bool = False
) -> Replanned:
    """One run of the loop to the branch `name` (None: the default one), by that branch's own
    configuration. `group` leaves the others alone, `forced` writes it afresh; `silent`: nothing is
    written, only told."""
    base = scene.world.forge.base(name)
    here = scene.at(base.tree)
    groups = (group,) if group else ()
    options = replace(
        options_of(here.settings, base=name, now_s=scene.now_s),
        groups=groups,
        forced=groups if forced else (),
        dry_run=here.settings.dry_run or silent,
    )
    return _replanned(here, base, options)


def _replanned(scene: Scene, base: Base, options: Options) -> Replanned:
    hub, registry = scene.hub(base.tree), scene.registry()
    return replan(scene.world.forge, hub, options, registry=registry)
