"""The table of everything a run in a repository may be told: by an input of the Action, by a key of
`.github/replanner.yaml`, or not at all. An input wins, and an empty one counts as absent."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from replanner.errors import InputError
from replanner.profile import setting_values as of
from replanner.profile.setting_values import Kind, Value

# `input`: one run's own affair, a secret, or needed to reach the configuration.
Where = Literal["anywhere", "input"]
FailOn = Literal["infeasible", "policy", "warning", "never"]
OnError = Literal["warn", "fail"]
CONFIG_PATH: Final = ".github/replanner.yaml"
# Upstream changes that alone are a reason to propose: what can alter memory, speed or answers.
USUAL_CLASSES: Final = ("tokenizer", "generation-config", "config", "weights", "quantization")
_ALL_CLASSES: Final = (*USUAL_CLASSES, "docs", "template", "remote-code")


class Setting(NamedTuple):
    """One setting. `default` holds where nobody says anything; `check` judges each word of it."""

    name: str
    kind: Kind
    about: str
    default: Value = ""
    choices: tuple[str, ...] = ()
    where: Where = "anywhere"
    check: of.Check = of.check_line
    most: int = 1000

    @property
    def field(self) -> str:
        """The name in Python; a duration says its unit."""
        return self.key + ("_s" if self.kind == "duration" else "")

    @property
    def key(self) -> str:
        """The name in the configuration file."""
        return self.name.replace("-", "_")

    def read(self, text: str) -> Value:
        """The value that a text stands for; ValueError with what it must be."""
        return of.READERS[self.kind](text, of.Shape(self.choices, self.check, self.most))


class Settings(NamedTuple):
    """Every setting's value, by its field."""

    token: str
    hf_token: str
    hf_token_on_forks: bool
    mode: str
    config: str
    profiles: tuple[str, ...]
    base_ref: str
    head_ref: str
    pr_number: int
    scope: str
    comment_mode: Literal["update", "recreate", "off"]
    comment_on: Literal["changes", "always", "warnings", "failures", "never"]
    fail_on: FailOn
    on_error: OnError
    annotations: bool
    suggestions: bool
    charts: Literal["auto", "mermaid", "unicode", "none"]
    group_by: Literal["model", "profile", "revision", "all"]
    base: tuple[str, ...]
    branch_prefix: str
    title_style: Literal["auto", "conventional", "plain"]
    commit_trailers: bool
    signoff: bool
    labels: tuple[str, ...]
    assignees: tuple[str, ...]
    reviewers: tuple[str, ...]
    team_reviewers: tuple[str, ...]
    draft: Literal["auto", "true", "false"]
    auto_merge: Literal["never", "safe"]
    merge_method: Literal["squash", "merge", "rebase"]
    open_prs_limit: int
    new_prs_per_run: int
    min_revision_age_s: int
    revision_classes: tuple[str, ...]
    recreate_closed: bool
    dry_run: bool
    report_path: str
    sarif_path: str
    report_artifact: str
    github_api_url: str
    hf_endpoint: str
    ca_bundle: str
    log_level: Literal["debug", "info", "warning"]

    def __repr__(self) -> str:
        """Without the tokens: a settings object ends up in logs sooner or later."""
        return "Settings(...)"


def _choice(name: str, about: str, default: str, *others: str) -> Setting:
    return Setting(name, "choice", about, default, (default, *others))


def _flag(name: str, about: str, *, on: bool = False) -> Setting:
    return Setting(name, "bool", about, on)


def _list(name: str, about: str, *default: str, check: of.Check) -> Setting:
    return Setting(name, "list", about, default, check=check)


TABLE: Final = (
    Setting(
        "token",
        "text",
        "GitHub token for comments, commits and pull requests. With a GitHub App's token, checks"
        " run on the pull requests without anybody's approval.",
        where="input",
        check=of.check_secret,
    ),
    Setting(
        "hf-token",
        "text",
        "Hugging Face token for gated and private models; not used for pull requests from forks.",
        where="input",
        check=of.check_secret,
    ),
    _flag(
        "hf-token-on-forks",
        "Use hf-token for pull requests from forks too, whose authors then learn what private"
        " models look like.",
    ),
    _choice(
        "mode",
        "What to do; auto takes it from the event.",
        "auto",
        "comment",
        "check",
        "update",
        "publish",
    ),
    Setting(
        "config",
        "text",
        "Path of the configuration file, which is read from the base.",
        default=CONFIG_PATH,
        where="input",
        check=of.check_path,
    ),
    Setting(
        "profiles",
        "lines",
        "Globs of the profiles to look at, one a line; ! excludes. Without: those of the"
        " configuration, else profiles/**/*.yaml and *.yml.",
        where="input",
        check=of.check_pattern,
    ),
    Setting(
        "base-ref",
        "text",
        "Compare with this branch, tag or commit, where the event names none.",
        where="input",
        check=of.check_ref,
    ),
    Setting(
        "head-ref",
        "text",
        "Check this branch, tag or commit, where the event names none.",
        where="input",
        check=of.check_ref,
    ),
    Setting(
        "pr-number",
        "int",
        "The pull request, where the event names none.",
        0,
        most=2**31 - 1,
        where="input",
    ),
    Setting(
        "scope",
        "text",
        "Keeps several uses in one repository apart: own comment, own branches.",
        default="default",
        check=of.check_scope,
    ),
    _choice(
        "comment-mode",
        "Keep one comment up to date, write a new one each time, or none.",
        "update",
        "recreate",
        "off",
    ),
    _choice(
        "comment-on",
        "What is worth a first comment.",
        "changes",
        "always",
        "warnings",
        "failures",
        "never",
    ),
    _choice(
        "fail-on",
        "The mildest verdict that fails the run.",
        "infeasible",
        "policy",
        "warning",
        "never",
    ),
    _choice(
        "on-error",
        "What becomes of the run where Hugging Face or GitHub does not answer.",
        "warn",
        "fail",
    ),
    _flag("annotations", "Mark lines of profiles in the pull request's diff.", on=True),
    _flag("suggestions", "Suggest changes of lines that the diff shows.", on=True),
    _choice("charts", "How memory is drawn in the comment.", "auto", "mermaid", "unicode", "none"),
    _choice("group-by", "What shares one pull request.", "model", "profile", "revision", "all"),
    _list("base", "Branches to propose to; without: the default branch.", check=of.check_ref),
    Setting(
        "branch-prefix",
        "text",
        "How the names of replanner's branches begin.",
        default="replanner/",
        check=of.check_prefix,
    ),
    _choice(
        "title-style",
        "How titles of pull requests and commits begin; auto looks at the last 20 commits.",
        "auto",
        "conventional",
        "plain",
    ),
    _flag(
        "commit-trailers",
        "End commit messages with Replanner-* lines that say what was planned.",
        on=True,
    ),
    _flag("signoff", "End commit messages with a Signed-off-by line."),
    _list(
        "labels",
        "Labels that replanner's pull requests carry, beside those that people put on.",
        "replanner",
        check=of.check_label,
    ),
    _list("assignees", "Who is assigned to replanner's pull requests.", check=of.check_login),
    _list("reviewers", "Who is asked for a review.", check=of.check_login),
    _list(
        "team-reviewers",
        "Teams that are asked for a review; needs a GitHub App's token.",
        check=of.check_login,
    ),
    _choice(
        "draft",
        "Open pull requests as drafts; auto does where a plan is infeasible.",
        "auto",
        "true",
        "false",
    ),
    _choice(
        "auto-merge",
        "Let GitHub merge what is safe once its required checks pass.",
        "never",
        "safe",
    ),
    _choice("merge-method", "How auto-merge merges.", "squash", "merge", "rebase"),
    Setting(
        "open-prs-limit",
        "int",
        "The most of replanner's pull requests that are open at a time.",
        5,
        most=1000,
    ),
    Setting("new-prs-per-run", "int", "The most pull requests that one run opens.", 2, most=1000),
    Setting(
        "min-revision-age",
        "duration",
        "How old a model's revision must be (24h, 7d) before it is proposed.",
        default=0,
    ),
    Setting(
        "revision-classes",
        "list",
        "Which changes of a model's files are worth a pull request.",
        default=USUAL_CLASSES,
        choices=_ALL_CLASSES,
    ),
    _flag("recreate-closed", "Propose again what somebody closed without merging."),
    _flag("dry-run", "Write nothing; the summary says what would be written."),
    Setting(
        "report-path",
        "text",
        "Where the machine-readable report goes, in the workspace.",
        default="replanner-report.json",
        check=of.check_path,
    ),
    Setting(
        "sarif-path",
        "text",
        "Where a SARIF report for code scanning goes, in the workspace; without: none.",
        check=of.check_path,
    ),
    Setting(
        "report-artifact",
        "text",
        "The report of another run that mode publish posts.",
        where="input",
        check=of.check_path,
    ),
    Setting(
        "github-api-url",
        "text",
        "Address of GitHub's API, with or without /api/v3; without: the runner's.",
        where="input",
        check=of.check_url,
    ),
    Setting(
        "hf-endpoint",
        "text",
        "Address of the Hugging Face Hub; without: HF_ENDPOINT, else https://huggingface.co.",
        check=of.check_url,
    ),
    Setting(
        "ca-bundle",
        "text",
        "PEM file in the workspace with certificate authorities to trust beside the usual ones.",
        check=of.check_path,
    ),
    _choice(
        "log-level",
        "How much the log says; debug where RUNNER_DEBUG is 1.",
        "info",
        "debug",
        "warning",
    ),
)
BY_NAME: Final[Mapping[str, Setting]] = {one.name: one for one in TABLE}
BY_KEY: Final[Mapping[str, Setting]] = {one.key: one for one in TABLE if one.where == "anywhere"}


def merged(inputs: Mapping[str, str], config: Mapping[str, Value] | None = None) -> Settings:
    """The settings of a run: its inputs by name, else what the configuration holds by key."""
    known = config or {}
    return Settings(**{one.field: _value(one, inputs, known) for one in TABLE})  # type: ignore[arg-type]  # the table is tested against the fields


def _value(one: Setting, inputs: Mapping[str, str], config: Mapping[str, Value]) -> Value:
    text = inputs.get(one.name, "").strip()
    if not text:
        return config[one.key] if one.key in config and one.key in BY_KEY else one.default
    try:
        return one.read(text)
    except ValueError as error:
        raise InputError(f"the input {one.name} {error}") from None


def from_config(key: str, value: object) -> Value:
    """A value of the configuration file; ValueError with what it must be."""
    one = BY_KEY[key]
    if value is False and "off" in one.choices:
        value = "off"  # without quotes, YAML takes the word for false
    return one.read(of.as_text(value, one.kind))
