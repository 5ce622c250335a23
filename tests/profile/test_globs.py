"""Which files are profiles, and what they are called."""

import time

import pytest

from replanner.errors import InputError
from replanner.profile import find_profiles
from replanner.profile.globs import DEFAULT_GLOBS, matches


@pytest.mark.parametrize(
    ("path", "glob", "found"),
    [
        ("profiles/a.yaml", "profiles/**/*.yaml", True),
        ("profiles/eu/a.yaml", "profiles/**/*.yaml", True),
        ("profiles/eu/x/a.yaml", "profiles/**/*.yaml", True),
        ("x/profiles/a.yaml", "profiles/**/*.yaml", False),
        ("profiles/a.yml", "profiles/**/*.yaml", False),
        ("profiles/eu/a.yaml", "profiles/*.yaml", False),
        ("a.yaml", "*.yaml", True),
        ("a.yaml", "**", True),
        ("a/b/c", "**", True),
        ("profiles/prod/a.yaml", "profiles/prod/**", True),
        ("profiles/prod", "profiles/prod/**", False),
        ("a/b", "a/**/**/b", True),
        ("a/x/y/b", "a/**/**/b", True),
        ("a/profiles/b.yaml", "**/profiles/*.yaml", True),
        ("profiles/b.yaml", "**/profiles/*.yaml", True),
        ("ab.yaml", "a?.yaml", True),
        ("ab.yaml", "[!x]b.yaml", True),
        ("A.yaml", "a.yaml", False),
        ("profiles/.a.yaml", "profiles/**/*.yaml", False),
        ("profiles/.git/a.yaml", "profiles/**/*.yaml", False),
        ("profiles/.git/a.yaml", "profiles/**", False),
        (".x/a.yaml", ".x/*.yaml", True),
        ("a/b/c", "a/b", False),
        ("a", "a/b", False),
    ],
)
def test_globs_find_paths_as_a_shell_with_globstar_does(path: str, glob: str, found: bool) -> None:  # noqa: FBT001 - a table
    assert matches(path, glob) is found


@pytest.mark.parametrize(
    ("path", "glob", "name"),
    [
        ("profiles/eu/chat.yaml", "profiles/**/*.yaml", "eu/chat"),
        ("profiles/chat.yaml", "profiles/**/*.yaml", "chat"),
        ("profiles/chat.v2.yaml", "profiles/*", "chat.v2"),
        ("profiles/chat.yaml", "profiles/chat.yaml", "chat"),
        ("profiles/chat.yaml", "pro*/chat.yaml", "profiles/chat"),
        ("chat.yaml", "chat.yaml", "chat"),
        ("a.b/chat", "*/*", "a.b/chat"),
        ("x/.yaml", "x/.yaml", ".yaml"),
    ],
)
def test_a_profile_is_called_by_its_path_below_the_fixed_part(
    path: str, glob: str, name: str
) -> None:
    assert find_profiles([path], [glob]) == [(name, path)]


def test_profiles_come_in_the_order_of_their_names_and_the_first_glob_names_them() -> None:
    paths = ["profiles/b.yml", "profiles/a/c.yaml", "README.md", "profiles/b.yml"]
    assert find_profiles(iter(paths), DEFAULT_GLOBS) == [
        ("a/c", "profiles/a/c.yaml"),
        ("b", "profiles/b.yml"),
    ]
    assert find_profiles(paths, ["profiles/a/*.yaml", *DEFAULT_GLOBS])[1][0] == "c"


def test_two_profiles_with_one_name_are_an_error_that_names_both() -> None:
    with pytest.raises(InputError, match=r"'a': profiles/a\.yaml and profiles/a\.yml"):
        find_profiles(["profiles/a.yml", "profiles/a.yaml"], DEFAULT_GLOBS)


def test_a_hostile_glob_takes_no_time() -> None:
    start = time.process_time()
    assert not matches("/".join("a" * 200), "/".join(["**", "*a"] * 30) + "/b")
    assert not matches("a" * 250, "*a" * 60 + "b")
    assert time.process_time() - start < 1
