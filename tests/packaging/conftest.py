"""Commands in the image of this tree."""

from collections.abc import Callable

import pytest
from engines import TAG, image

Ran = Callable[..., str]


@pytest.fixture(scope="session")
def in_image() -> Ran:
    """Runs something in the image and gives back all it said; `code` is the exit code wanted."""
    builder = image()

    def run(*arguments: str, options: tuple[str, ...] = (), code: int = 0) -> str:
        ran = builder.run(TAG, *arguments, options=options)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    return run
