from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import InputError
from replanner.forge.github.hosts import api_address, site_address

FORMS = [
    ("https://api.github.com", "https://api.github.com", "https://github.com"),
    ("https://api.github.com/", "https://api.github.com", "https://github.com"),
    ("https://github.com", "https://api.github.com", "https://github.com"),
    ("http://GitHub.com/", "https://api.github.com", "https://github.com"),
    ("https://ghe.acme.com", "https://ghe.acme.com/api/v3", "https://ghe.acme.com"),
    ("https://ghe.acme.com/api/v3/", "https://ghe.acme.com/api/v3", "https://ghe.acme.com"),
    ("https://ghe.acme.com:8443", "https://ghe.acme.com:8443/api/v3", "https://ghe.acme.com:8443"),
    ("https://acme.ghe.com", "https://api.acme.ghe.com", "https://acme.ghe.com"),
    ("https://api.acme.ghe.com/api/v3", "https://api.acme.ghe.com", "https://acme.ghe.com"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("http://[::1]:80/", "http://[::1]:80", "http://[::1]:80"),
]


@pytest.mark.parametrize(("written", "api", "site"), FORMS)
def test_an_address_is_understood_however_it_is_written(written: str, api: str, site: str) -> None:
    assert api_address(written) == api
    assert api_address(api) == api
    assert site_address(api) == site


@pytest.mark.parametrize(
    "written",
    ["", "github.com", "ftp://github.com", "https://", "https://x:y@ghe.acme.com", "https://[x"],
)
def test_what_is_no_address_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(InputError, match="no http or https address") as caught:
        api_address(written)
    assert "x:y" not in caught.value.message


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(InputError):
        assert api_address(api_address(text)) == api_address(text)
