"""The use-case: which profiles a repository holds, what became of their plans, what to propose."""

from replanner.replan.artifacts import Written, output_dir, render_files, write_plan
from replanner.replan.check import Checked, CheckReport, check
from replanner.replan.judge import Judged
from replanner.replan.loop import replan
from replanner.replan.options import Options
from replanner.replan.outcome import Published, Replanned
from replanner.replan.ports import Base, Forge, Tree
from replanner.replan.repository import Repository, read_repository, revision_records

__all__ = [
    "Base",
    "CheckReport",
    "Checked",
    "Forge",
    "Judged",
    "Options",
    "Published",
    "Replanned",
    "Repository",
    "Tree",
    "Written",
    "check",
    "output_dir",
    "read_repository",
    "render_files",
    "replan",
    "revision_records",
    "write_plan",
]
