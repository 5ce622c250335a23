"""What people are told when GitHub says no: who must do what about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import AccessDenied, InputError, RateLimited, ReplannerError, UpstreamError
from replanner.forge.github.refusals import (
    Asked,
    BadAnswer,
    BlockedBySettings,
    NotThere,
    Refused,
    refusal,
    shortened,
    words_of,
)

ASKED = Asked("github.com", "https://github.com", "acme/infra", "open a pull request")
ACCEPTED = "x-accepted-github-permissions"


def told(status: int, *says: str, **headers: str) -> BadAnswer:
    return BadAnswer(status, {key.replace("_", "-"): text for key, text in headers.items()}, says)


@pytest.mark.parametrize(
    ("answer", "error", "sentence", "exit_code"),
    [
        (told(401, "Bad credentials"), AccessDenied, "refused the token", 2),
        (told(403, "You have exceeded a secondary rate limit"), RateLimited, "limits the rate", 3),
        (told(403, "no", retry_after="9"), RateLimited, "it answers again in 9 s", 3),
        (told(429), RateLimited, "limits the rate", 3),
        (told(403, "Resource not accessible"), AccessDenied, "this token may not open", 2),
        (told(403, "Repository was archived so is read-only."), AccessDenied, "read-only.", 2),
        (told(404, "Not Found"), NotThere, "as far as this token can see", 2),
        (told(410, "Issues are disabled"), NotThere, "as far as this token can see", 2),
        (told(409, "Git Repository is empty."), Refused, "Git Repository is empty.", 2),
        (told(422, "Validation Failed", "title is too long"), Refused, "title is too long", 2),
        (told(422), Refused, "it answered 422", 2),
        (told(418, "teapot"), Refused, "teapot", 2),
        (told(307, "Moved Permanently"), InputError, "has moved", 2),
        (told(500, "secret stack"), UpstreamError, "answered 500", 3),
        (told(502), UpstreamError, "answered 502", 3),
    ],
)
def test_each_answer_has_its_error(
    answer: BadAnswer, error: type[ReplannerError], sentence: str, exit_code: int
) -> None:
    found = refusal(answer, ASKED)
    assert type(found) is error
    assert sentence in found.message
    assert found.exit_code == exit_code


def test_the_missing_permission_is_named_where_github_names_it() -> None:
    headers = {ACCEPTED: "pull_requests=write,contents=read; issues=write"}
    found = refusal(BadAnswer(403, headers, ("Resource not accessible by integration",)), ASKED)
    assert "pull-requests: write, contents: read or issues: write" in found.hint
    assert "`permissions:`" in found.hint


def test_so_too_for_what_is_hidden_with_a_404() -> None:
    found = refusal(BadAnswer(404, {ACCEPTED: "contents=write"}, ("Not Found",)), ASKED)
    assert "contents: write" in found.hint


@pytest.mark.parametrize("odd", ["", "=", ";;", "x" * 10_000, "a=b=c", "`rm -rf`=write"])
def test_a_header_of_another_form_names_nothing(odd: str) -> None:
    hint = refusal(BadAnswer(403, {ACCEPTED: odd}, ()), ASKED).hint
    assert len(hint) < 300
    assert "rm" not in hint.replace("permission", "")


def test_single_sign_on_is_told() -> None:
    headers = {"x-github-sso": "required; url=https://github.com/orgs/acme/sso?secret=1"}
    found = refusal(BadAnswer(403, headers, ("Resource protected",)), ASKED)
    assert "single sign-on" in found.message
    assert "secret" not in found.message + found.hint


def test_workflows_that_may_open_none_are_told_both_settings() -> None:
    words = "GitHub Actions is not permitted to create or approve pull requests."
    found = refusal(told(403, words), ASKED)
    assert isinstance(found, BlockedBySettings)
    assert found.document()["code"] == "blocked_by_settings"
    assert "https://github.com/acme/infra/settings/actions" in found.hint
    assert "https://github.com/organizations/acme/settings/actions" in found.hint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "a"}, ("a",)),
        ({"message": "a", "errors": [{"message": "b"}, "c"]}, ("a", "b", "c")),
        (
            {"errors": [{"resource": "PullRequest", "field": "head", "code": "invalid"}]},
            ("PullRequest head invalid",),
        ),
        ({"message": 7, "errors": {"x": 1}}, ()),
        ({"errors": [None, 3, [], {"message": None}]}, ()),
        (None, ()),
        ([], ()),
        ("text", ()),
    ],
)
def test_what_github_says_is_found_wherever_it_stands(body: object, words: object) -> None:
    assert words_of(body) == words


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.integers(300, 599),
    st.dictionaries(st.sampled_from(["message", "errors", "x"]), json_values) | json_values,
    st.dictionaries(
        st.sampled_from([ACCEPTED, "retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]),
        st.text(),
    ),
)
def test_any_answer_is_one_printable_sentence(
    status: int, body: object, headers: dict[str, str]
) -> None:
    found = refusal(BadAnswer(status, headers, words_of(body)), ASKED)
    assert found.message.isprintable()
    assert len(found.message) < 500


@given(st.text())
def test_foreign_text_is_one_short_line(text: str) -> None:
    assert len(shortened(text)) <= 300
    assert shortened(text).isprintable()
