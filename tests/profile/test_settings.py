"""The table of settings: every row, what each may be, and who wins."""

import json
import subprocess

import pytest

from replanner.errors import InputError, ProfileError
from replanner.planning.causes import FILE_CLASSES
from replanner.profile import parse_repo_config
from replanner.profile.settings import BY_KEY, BY_NAME, TABLE, Setting, Settings, merged

# A value that each setting may have and that is not its default, and what it then is.
VALUES: dict[str, tuple[str, object]] = {
    "token": ("ghs_12_abc.def", "ghs_12_abc.def"),
    "hf-token": ("hf_x", "hf_x"),
    "hf-token-on-forks": ("true", True),
    "mode": ("Check", "check"),
    "config": ("ops/replanner.yaml", "ops/replanner.yaml"),
    "profiles": (
        "profiles/*.yaml\n\n!profiles/old.yaml",
        ("profiles/*.yaml", "!profiles/old.yaml"),
    ),
    "base-ref": ("v1.2", "v1.2"),
    "head-ref": ("feature/x", "feature/x"),
    "pr-number": ("7", 7),
    "scope": ("eu-west", "eu-west"),
    "comment-mode": ("recreate", "recreate"),
    "comment-on": ("never", "never"),
    "fail-on": ("policy", "policy"),
    "on-error": ("fail", "fail"),
    "annotations": ("false", False),
    "suggestions": ("no", False),
    "charts": ("unicode", "unicode"),
    "group-by": ("all", "all"),
    "base": ("main, release/1", ("main", "release/1")),
    "branch-prefix": ("bots/", "bots/"),
    "title-style": ("plain", "plain"),
    "commit-trailers": ("0", False),
    "signoff": ("yes", True),
    "labels": ("a label,b\nc", ("a label", "b", "c")),
    "assignees": ("@octo", ("octo",)),
    "reviewers": ("octo,hubot[bot]", ("octo", "hubot[bot]")),
    "team-reviewers": ("acme/ops", ("acme/ops",)),
    "draft": ("true", "true"),
    "auto-merge": ("safe", "safe"),
    "merge-method": ("rebase", "rebase"),
    "open-prs-limit": ("9", 9),
    "new-prs-per-run": ("1", 1),
    "min-revision-age": ("24h", 86_400),
    "revision-classes": ("weights, docs", ("weights", "docs")),
    "recreate-closed": ("true", True),
    "dry-run": ("TRUE", True),
    "report-path": ("out/./r.json", "out/r.json"),
    "sarif-path": ("r.sarif", "r.sarif"),
    "report-artifact": ("in/r.json", "in/r.json"),
    "github-api-url": ("https://ghe.example/api/v3/", "https://ghe.example/api/v3"),
    "hf-endpoint": ("http://mirror:8080", "http://mirror:8080"),
    "ca-bundle": ("certs/ca.pem", "certs/ca.pem"),
    "log-level": ("debug", "debug"),
}


def test_every_row_has_a_field_and_every_field_a_row() -> None:
    assert [one.field for one in TABLE] == list(Settings._fields)
    assert sorted(VALUES) == sorted(BY_NAME)
    assert merged({}) == Settings(*(one.default for one in TABLE))  # type: ignore[arg-type]


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_every_setting_can_be_an_input(one: Setting) -> None:
    text, value = VALUES[one.name]
    assert getattr(merged({one.name: text}), one.field) == value != one.default


@pytest.mark.parametrize("one", BY_KEY.values(), ids=lambda one: one.key)
def test_every_shared_setting_can_be_a_key_of_the_configuration(one: Setting) -> None:
    text, value = VALUES[one.name]
    written = list(value) if isinstance(value, tuple) else text
    config = parse_repo_config(f"{one.key}: {json.dumps(written)}")
    assert config.settings == {one.key: value}
    assert getattr(merged({}, config.settings), one.field) == value
    assert getattr(merged({one.name: "  "}, config.settings), one.field) == value, "an empty input"


def test_off_needs_no_quotes() -> None:
    assert parse_repo_config("comment_mode: off\n").settings == {"comment_mode": "off"}


def test_an_input_wins_over_the_configuration() -> None:
    config = parse_repo_config("fail_on: policy\nlabels: [a, b]\ndry_run: true\n")
    settings = merged({"fail-on": "never", "dry-run": "false"}, config.settings)
    assert (settings.fail_on, settings.labels, settings.dry_run) == ("never", ("a", "b"), False)


@pytest.mark.parametrize("key", ["token", "hf_token", "pr_number", "github_api_url", "config"])
def test_secrets_and_what_belongs_to_one_run_are_no_keys_of_the_configuration(key: str) -> None:
    with pytest.raises(ProfileError, match=f"unknown key '{key}'"):
        parse_repo_config(f"{key}: x")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("fail-on", "polcy", "must be one of infeasible, policy, warning, never, not 'polcy'. Did"),
        ("revision-classes", "weight", "Did you mean 'weights'?"),
        ("dry-run", "maybe", "must be true or false, not 'maybe'"),
        ("open-prs-limit", "0", "must be a whole number from 1 to 1000, not '0'"),
        ("pr-number", "٣", "must be a whole number"),
        ("pr-number", "-1", "must be a whole number"),
        ("min-revision-age", "24", "must be a time like 24h, 90m or 7d, not '24'"),
        ("min-revision-age", "999w", "must be at most 366d"),
        ("config", "../other.yaml", "must be a path below the root"),
        ("report-path", "/etc/passwd", "must be a path below the root"),
        ("report-path", "a\\b", "must be a path below the root"),
        ("profiles", "!../x", "must be a path below the root"),
        *[
            ("branch-prefix", text, "the last of them '/'")
            for text in ("a", "/", "-x/", "a//", "a..b/", ".a/", "a/.b/", "a.lock/", "a b/", "a~/")
        ],
        ("branch-prefix", "é/", "must be up to 100 letters"),
        ("base", "a b", "must be a branch, tag or commit"),
        ("scope", "a/b", "must be up to 64 letters"),
        ("labels", "x" * 51, "at most 50 characters"),
        ("reviewers", "octo cat", "must name people or teams"),
        ("hf-endpoint", "ftp://x", "must be an address like"),
        ("hf-endpoint", "https://[x", "must be an address like"),
        ("hf-endpoint", "https://a:b@c", "without a user name or password"),
        ("github-api-url", "https://x:99999999", "must be an address like"),
        ("labels", ",".join(map(str, range(101))), "must have at most 100 entries, not 101"),
        ("scope", "x\ny", "must be up to 64"),
    ],
)
def test_a_wrong_input_is_one_sentence_with_what_it_must_be(
    name: str, text: str, said: str
) -> None:
    with pytest.raises(InputError) as error:
        merged({name: text})
    assert error.value.message.startswith(f"the input {name} must ")
    assert said in error.value.message
    assert error.value.exit_code == 2


def test_a_refused_token_is_not_repeated() -> None:
    with pytest.raises(InputError) as error:
        merged({"token": "ghp_secret\nX-Evil: 1"})
    assert "ghp_secret" not in error.value.message
    assert "ghp_secret" not in repr(merged({"token": "ghp_secret"}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fail_on: [policy]", "fail_on must be a single value"),
        ("labels: [1]", "labels must be a list of texts"),
        ("labels: ['a,b']", "labels must hold neither commas nor line breaks"),
        ("open_prs_limit: 1.5", "open_prs_limit must be a text, a number"),
        ("draft: {a: 1}", "draft must be a text, a number"),
        ("fail_onn: policy", "unknown key 'fail_onn'. Did you mean 'fail_on'?"),
        ("comment_mode: upsert", ":1:1: comment_mode must be one of update, recreate, off"),
    ],
)
def test_a_slip_in_the_configuration_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ProfileError) as error:
        parse_repo_config(text)
    assert said in str(error.value)


def test_yaml_values_are_read_as_their_texts() -> None:
    config = parse_repo_config("draft: false\nannotations: no\nsignoff: true\nlabels: one\n")
    assert config.settings == {
        "draft": "false",
        "annotations": False,
        "signoff": True,
        "labels": ("one",),
    }


@pytest.mark.parametrize("prefix", ["replanner/", "bots/plans/", "a.b-c_d/"])
def test_branches_may_begin_like_this(prefix: str) -> None:
    assert merged({"branch-prefix": prefix}).branch_prefix == prefix
    subprocess.run(["git", "check-ref-format", f"refs/heads/{prefix}main/x"], check=True)


def test_the_classes_to_choose_from_are_those_that_files_have() -> None:
    assert set(BY_NAME["revision-classes"].choices) == set(FILE_CLASSES)
