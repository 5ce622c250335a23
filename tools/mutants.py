"""Break the planner in small ways and see whether its tests notice.

    nice mutants.py replanner/planning/memory.py ... [--each 6] [--seed 1] [--jobs 1]

Draws mutants of every file (the same for the same seed), runs in a copy of the working tree first
the test files nearest to the module, then all of tests/planning, and prints what survived. A
survivor is a missing test, or a mutant that changes nothing anyone could see.
"""

import argparse
import ast
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis")
_LIMIT_S = 180
_PLANNING = ["tests/planning"]
_PAIRS: tuple[tuple[type[ast.AST], type[ast.AST]], ...] = (
    (ast.Lt, ast.LtE),
    (ast.Gt, ast.GtE),
    (ast.Eq, ast.NotEq),
    (ast.In, ast.NotIn),
    (ast.Is, ast.IsNot),
    (ast.Add, ast.Sub),
    (ast.Mult, ast.FloorDiv),
    (ast.And, ast.Or),
)
_DROPPED = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break)
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    **dict(_PAIRS),
    **{new: old for old, new in _PAIRS},
    **dict.fromkeys((ast.Div, ast.Mod), ast.Mult),
    **dict.fromkeys(_DROPPED, ast.Pass),
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One node of a file's tree and what is to stand in its place: a field, or a list's entry."""

    path: Path
    tree: ast.Module
    parent: ast.AST
    field: str
    entry: int | None
    old: ast.AST
    new: ast.AST

    def __str__(self) -> str:
        line = getattr(self.old, "lineno", None) or getattr(self.parent, "lineno", 0)
        old, new = (ast.unparse(node)[:60] or type(node).__name__ for node in (self.old, self.new))
        where = " ".join(ast.unparse(self.parent).split())[:100]
        return f"{self.path.relative_to(ROOT)}:{line}: {old} => {new}  in  {where}"

    def source(self) -> str:
        """The broken file; comments are lost, the tree is afterwards what it was."""
        self._put(self.new)
        text = ast.unparse(ast.fix_missing_locations(self.tree))
        self._put(self.old)
        return text

    def _put(self, node: ast.AST) -> None:
        if self.entry is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.entry] = node


def broken(node: ast.AST) -> ast.AST | None:
    """The one way in which a node is broken, if any."""
    new: ast.AST | None = None
    match node:
        case ast.Constant(value=bool() as flag):
            new = ast.Constant(not flag)
        case ast.Constant(value=int() | float() as number):
            new = ast.Constant(number + 1)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            new = operand
        case ast.Name(id=name) if name in _NAMES:
            new = ast.Name(_NAMES[name], ast.Load())
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            new = ast.Return(ast.Constant(0 if isinstance(value, ast.BinOp) else None))
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Expr(value=ast.Call()):
            new = ast.Pass()
        case _ if type(node) in _SWAPS:
            new = _SWAPS[type(node)]()
    return new


def mutants_of(path: Path) -> Iterator[Mutant]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for parent in list(ast.walk(tree)):
        for field, value in ast.iter_fields(parent):
            entries = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for entry, node in entries:
                new = broken(node) if isinstance(node, ast.AST) else None
                if new is not None and field not in ("annotation", "returns"):
                    yield Mutant(path, tree, parent, field, entry, node, new)


def survives(mutant: Mutant, text: str, copy: Path) -> bool:
    """Do the tests pass on the broken copy? It is whole again afterwards."""
    target = copy / mutant.path.relative_to(ROOT)
    word = f"planning.{mutant.path.stem} import"
    tests = sorted({*copy.glob("tests/planning/test_*.py"), *copy.glob("tests/test_*.py")})
    naming = [str(test) for test in tests if word in test.read_text(encoding="utf-8")]
    nearest = [*naming, "tests/planning/test_plan.py"]  # which runs through most of it
    whole = target.read_bytes()
    for stale in target.parent.glob(f"__pycache__/{target.stem}.*"):
        stale.unlink()  # byte code is told apart by size and second only
    target.write_text(text, encoding="utf-8")
    try:
        return _passes(nearest, copy) and _passes(_PLANNING, copy)
    finally:
        target.write_bytes(whole)


def _passes(tests: list[str], copy: Path) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, check=False, capture_output=True, timeout=_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def run(drawn: list[Mutant], jobs: int) -> int:
    """How many survive; each job has a copy of its own."""
    copies: queue.Queue[Path] = queue.Queue()

    def judged(mutant: Mutant, text: str) -> bool:
        copy = copies.get()
        survived = survives(mutant, text, copy)
        copies.put(copy)
        print("SURVIVED" if survived else "killed  ", mutant, flush=True)
        return survived

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        for name in map(str, range(jobs)):
            copies.put(shutil.copytree(ROOT, Path(folder, name), ignore=_LEFT_BEHIND))
        if not _passes(_PLANNING, Path(folder, "0")):
            sys.exit("the tests fail on the code as it is")
        return sum(pool.map(judged, drawn, [one.source() for one in drawn]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Break the planner; do its tests notice?")
    parser.add_argument("files", nargs="+", type=lambda name: Path(name).resolve())
    parser.add_argument("--each", type=int, default=6, help="mutants a file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    chosen = random.Random(asked.seed)  # noqa: S311 - a sample, no secret
    pools = [list(mutants_of(path)) for path in asked.files]
    drawn = [one for pool in pools for one in chosen.sample(pool, min(asked.each, len(pool)))]
    survivors = run(drawn, asked.jobs)
    print(f"{len(drawn)} mutants: {len(drawn) - survivors} killed, {survivors} survived")


if __name__ == "__main__":
    main()
