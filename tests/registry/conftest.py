from collections.abc import Iterator

import pytest
from oci_server import Registry, serving


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving() as one:
        yield one
