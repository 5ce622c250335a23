import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.planning.images import follows, image_name, newest_tag, repository_of, tag_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("vllm/vllm-openai", "docker.io/vllm/vllm-openai"),
        ("debian", "docker.io/library/debian"),
        ("index.docker.io/vllm/vllm-openai", "docker.io/vllm/vllm-openai"),
        ("docker.io/debian", "docker.io/library/debian"),
        ("GHCR.io/acme/vllm", "ghcr.io/acme/vllm"),
        ("localhost/x", "localhost/x"),
        ("127.0.0.1:5000/acme/vllm", "127.0.0.1:5000/acme/vllm"),
    ],
)
def test_a_name_means_one_repository(written: str, meant: str) -> None:
    assert str(image_name(written)) == meant


@pytest.mark.parametrize(
    ("reference", "repository", "tag"),
    [
        ("vllm/vllm-openai", "vllm/vllm-openai", ""),
        ("vllm/vllm-openai:v1", "vllm/vllm-openai", "v1"),
        ("localhost:5000/x", "localhost:5000/x", ""),
        ("localhost:5000/x:v1@sha256:ab", "localhost:5000/x", "v1"),
        ("x@sha256:ab", "x", ""),
    ],
)
def test_a_reference_has_parts(reference: str, repository: str, tag: str) -> None:
    assert (repository_of(reference), tag_of(reference)) == (repository, tag)


@pytest.mark.parametrize(
    ("track", "tags", "newest"),
    [
        ("v0.*", ("v0.9.0", "v0.33.0", "v0.10.2"), "v0.33.0"),
        ("v0.33.*", ("v0.33.0", "v0.33.0-cu129", "v0.34.0"), "v0.33.0"),
        ("v*", ("v0.33.0", "v0.34.0rc1", "v0.34.0-rc.2"), "v0.33.0"),
        ("v0.34*", ("v0.34.0rc9", "v0.34.0rc10"), "v0.34.0rc10"),
        ("v0.33.0*", ("v0.33.0.post1", "v0.33.0"), "v0.33.0.post1"),
        ("*", ("latest", "v0.1.0", "nightly-abc"), "v0.1.0"),
        ("nightly-*", ("nightly-9", "nightly-10", "latest"), "nightly-10"),
        ("2026*", ("20260101", "20261122", "2025"), "20261122"),
        ("v9*", ("v0.1.0",), None),
        ("stable", ("stable", "stable2"), "stable"),
        ("v1.*", ("v1.2", "v1.2.0", "v1.10-cuda"), "v1.10-cuda"),
    ],
)
def test_the_newest_tag_is_the_last_by_version(
    track: str, tags: tuple[str, ...], newest: str | None
) -> None:
    assert newest_tag(tags, track) == newest
    assert newest_tag(reversed(tags), track) == newest


@given(st.lists(st.text(alphabet="v0129.-_rcabpost+", max_size=40), max_size=6))
def test_any_tags_have_an_order(tags: list[str]) -> None:
    found = newest_tag(tags, "*")
    assert (found in tags) if tags else found is None


def test_a_tag_with_a_very_long_number_is_compared_too() -> None:
    assert newest_tag(["v" + "9" * 120, "v1"], "v*") == "v" + "9" * 120


def test_a_tag_is_no_glob() -> None:
    assert follows("v0.33.0", "v0.33.0")
    assert not follows("v0.33.0", "v0x33.0")
