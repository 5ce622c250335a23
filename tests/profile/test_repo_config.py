"""What `.github/replanner.yaml` may say."""

import pytest

from replanner.errors import ProfileError
from replanner.profile import GatePolicy, RepoConfig, parse_repo_config

CONTRACT = """\
profiles: ["profiles/**/*.yaml", "./more/*.yml"]
policy: {min_concurrency: null, max_throughput_drop: 0.2, min_headroom_gib: 1}
overrides:
  - profiles: ["profiles/prod/**"]
    policy: {min_concurrency: 8}
  - profiles: ["profiles/prod/big/**"]
    policy: {min_concurrency: 2.5, max_throughput_drop: null}
ignore_revisions: [0123abc, refs/pr/3]
"""


@pytest.mark.parametrize("text", ["", "# all defaults\n", "{}", "policy:\nprofiles: null\n"])
def test_an_empty_configuration_means_the_defaults(text: str) -> None:
    config = parse_repo_config(text)
    assert config == RepoConfig()
    assert config.profiles == ("profiles/**/*.yaml", "profiles/**/*.yml")
    assert config.policy_for("profiles/a.yaml") == GatePolicy()


def test_a_later_override_wins_and_null_changes_nothing() -> None:
    config = parse_repo_config(CONTRACT)
    limits = {path: config.policy_for(path).min_concurrency for path in PATHS}
    assert limits == {PATHS[0]: None, PATHS[1]: 8, PATHS[2]: 2.5}
    assert config.policy_for(PATHS[2]).max_throughput_drop == 0.2
    assert config.profiles[1] == "more/*.yml"
    assert config.ignore_revisions == ("0123abc", "refs/pr/3")


PATHS = ["profiles/a.yaml", "profiles/prod/a.yaml", "profiles/prod/big/a.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profile: [x]", "1:1: unknown key 'profile'. Did you mean 'profiles'?"),
        ("policy: {min_concurency: 1}", "1:10: unknown key 'min_concurency' in policy. Did you"),
        ("policy: {max_throughput_drop: 20}", "must be at most 1.0, not 20"),
        ("policy: {min_concurrency: 0}", "must be more than 0.0, not 0"),
        ("profiles: []", "profiles must have at least 1 entry"),
        ("profiles: ['../x/*']", "profiles[0] must be a pattern below the root"),
        ("profiles: ['/x']", "profiles[0] must be a pattern below the root"),
        ("profiles: ['!x']", "profiles[0] must be a pattern below the root"),
        ("profiles: ['']", "profiles[0] must be a pattern of 1 to 255 characters"),
        ("overrides: [{policy: {}}]", "overrides[0].profiles is required"),
        ("overrides: [{profiles: [a], polcy: {}}]", "unknown key 'polcy' in overrides[0]."),
        ("ignore_revisions: [a b]", "ignore_revisions[0] must be a branch, tag or commit"),
        ("ignore_revisions: [1234567]", "must be text, not 1234567 (write it in quotes)"),
        ("- a", ".github/replanner.yaml:1:1: the file must be a mapping"),
        ("policy: *a", "anchors (&) and aliases (*)"),
    ],
)
def test_a_slip_in_the_configuration_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_repo_config(text)
    assert said in caught.value.message
    assert caught.value.message.startswith(".github/replanner.yaml:1:")
