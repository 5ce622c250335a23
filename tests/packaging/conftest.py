"""The image of this tree, built once."""

from collections.abc import Callable

import pytest
from engines import engine
from peers import ROOT

Ran = Callable[..., str]
TAG = "localhost/replanner:tested"


@pytest.fixture(scope="session")
def in_image() -> Ran:
    """Runs something in the image and gives back all it said; `code` is the exit code wanted."""
    builder = engine()
    builder.build(ROOT, TAG)

    def run(*arguments: str, options: tuple[str, ...] = (), code: int = 0) -> str:
        ran = builder.run(TAG, *arguments, options=options)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    return run
