"""Brings our own pull requests to one base up to date."""

from replanner.errors import ReplannerError, UpstreamError
from replanner.replan import Replanned
from replanner.run.updating import update_base
from replanner.server.errand import Account, Errand, raise_if_away


def updated(errand: Errand, base: str, *, group: str = "", forced: bool = False) -> Account:
    """The proposals to a branch (the default one where it is empty), or one group's; `forced`
    writes it afresh. What could not be known comes again."""
    found = errand.world.forge.base(base or None)
    result = update_base(errand.scene(found.commit), found.name, group=group, forced=forced)
    errors = _errors(result)
    if errand.target.payload.get("round") is not True:
        raise_if_away(errors)  # the next round asks again by itself
    unknown = sum(isinstance(error, UpstreamError) for error in errors)
    numbers = sorted(one.number for one in result.published if one.number)
    return {"did": "updated", "base": result.base.name, "writes": len(result.writes)} | {
        "pulls": numbers,
        "profiles": len(result.judged),
        "unknown": unknown,
    }


def _errors(result: Replanned) -> list[ReplannerError]:
    found = [*(one.error for one in result.judged), *(one.error for one in result.failures)]
    return [error for error in found if error]
