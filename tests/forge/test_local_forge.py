"""The local forge on real git: what it writes, what it never touches, and what it refuses."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from gitting import Repo

from replanner.errors import InputError, UpstreamError
from replanner.forge.git import Git, GitError
from replanner.forge.local import LocalForge
from replanner.propose import Blob, Content, Proposal, compose

PREFIX = "replanner/main/"
NAME = "replanner/main/llama-000000"
FILES = {"deploy/chat/serve_command.sh": Blob(b"#!/bin/sh\n", executable=True)}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.new(tmp_path / "repo")
    made.commit({"profiles/chat.yaml": "a: 1\n", "old.txt": "old\n", "README.md": "hello\n"})
    return made


@pytest.fixture
def forge(repo: Repo) -> LocalForge:
    return LocalForge.at(repo.root)


def proposal(forge: LocalForge, **changes: object) -> Proposal:
    values: dict[str, object] = {
        "group": "llama-000000",
        "branch": NAME,
        "base": "main",
        "base_commit": forge.base("main").commit,
        "digest": "d1",
        "title": "Re-plan llama",
        "text": "### fits",
        "message": "Re-plan llama\n\nReplanner-Plan: d1\n",
        "files": FILES,
    }
    return Proposal(**{**values, **changes})  # type: ignore[arg-type]


def opened(forge: LocalForge, **changes: object) -> tuple[Proposal, str]:
    wanted = proposal(forge, **changes)
    head = forge.push(wanted, expected=None)
    forge.open(compose(wanted, head))
    return wanted, head


def test_a_push_is_one_commit_of_ours_on_the_base(repo: Repo, forge: LocalForge) -> None:
    wanted = proposal(forge, files={**FILES, "old.txt": None})
    head = forge.push(wanted, expected=None)
    assert repo.git("rev-parse", f"{NAME}^") == repo.git("rev-parse", "main")
    assert repo.git("diff", "--name-status", f"main..{head}").split() == [
        *("A", "deploy/chat/serve_command.sh"),
        *("D", "old.txt"),
    ]
    assert repo.git("log", "-1", "--format=%an %ae %cn %ce", head) == (
        "replanner replanner@localhost replanner replanner@localhost"
    )
    assert repo.git("ls-tree", head, "deploy/chat/").startswith("100755 ")


def test_working_tree_index_and_head_stay_as_they_are(repo: Repo, forge: LocalForge) -> None:
    repo.write({"README.md": "half done", "staged.txt": "staged", "new.txt": "untracked"})
    repo.git("add", "staged.txt")
    before = repo.snapshot()
    _, head = opened(forge)
    forge.look(forge.base(None), PREFIX)
    forge.delete_branch(NAME, expected=head)
    assert repo.snapshot() == before


def test_equal_proposals_are_equal_commits(forge: LocalForge) -> None:
    first = forge.push(proposal(forge), expected=None)
    forge.delete_branch(NAME, expected=first)
    assert forge.push(proposal(forge), expected=None) == first


def test_what_was_pushed_and_opened_is_seen(forge: LocalForge) -> None:
    _, head = opened(forge)
    seen = forge.look(forge.base(None), PREFIX)
    branch = seen.branches[NAME]
    assert (branch.head, branch.ours, branch.digest) == (head, True, "d1")
    assert (branch.merged, branch.conflicted, branch.in_use) == (False, False, False)
    (shown,) = seen.proposals
    assert (shown.state, shown.title, shown.labels) == ("open", "Re-plan llama", ("replanner",))


def test_a_proposal_is_a_markdown_file_beside_the_objects(repo: Repo, forge: LocalForge) -> None:
    opened(forge)
    file = repo.root / ".git/replanner/proposals/main/llama-000000.md"
    text = file.read_text()
    assert text.startswith('---\nbase: "main"\nbranch: "replanner/main/llama-000000"\n')
    assert 'plan: "d1"\nstate: "open"\n' in text
    assert list(file.parent.iterdir()) == [file]


def test_a_moved_branch_is_not_overwritten(repo: Repo, forge: LocalForge) -> None:
    wanted, head = opened(forge)
    repo.git("update-ref", f"refs/heads/{NAME}", "main")
    with pytest.raises(UpstreamError, match="somebody else"):
        forge.push(replace(wanted, digest="d2"), expected=head)
    with pytest.raises(UpstreamError, match="somebody else"):
        forge.delete_branch(NAME, expected=head)
    assert repo.git("rev-parse", NAME) == repo.git("rev-parse", "main")


def test_a_branch_that_appeared_meanwhile_is_not_overwritten(forge: LocalForge) -> None:
    head = forge.push(proposal(forge), expected=None)
    with pytest.raises(UpstreamError, match="somebody else"):
        forge.push(proposal(forge, files={"x": Blob(b"x")}), expected=None)
    assert forge.look(forge.base(None), PREFIX).branches[NAME].head == head


def test_a_branch_in_the_way_is_told(repo: Repo, forge: LocalForge) -> None:
    repo.git("branch", "replanner/main")
    with pytest.raises(InputError, match="cannot be written"):
        forge.push(proposal(forge), expected=None)


def test_somebody_elses_commit_is_seen(repo: Repo, forge: LocalForge) -> None:
    _, head = opened(forge)
    repo.git("checkout", "-q", NAME)
    repo.commit({"extra.txt": "mine"})
    seen = forge.look(forge.base("main"), PREFIX)
    branch = seen.branches[NAME]
    assert (branch.ours, branch.in_use) == (False, True)
    repo.git("reset", "-q", "--hard", head)
    repo.git("commit", "-q", "--amend", "-m", "mine\n\nReplanner-Plan: d1")
    assert not forge.look(forge.base("main"), PREFIX).branches[NAME].ours


def test_a_merge_is_seen_whether_or_not_the_branch_is_deleted(
    repo: Repo, forge: LocalForge
) -> None:
    opened(forge)
    repo.git("merge", "-q", "--no-ff", "-m", "merge", NAME)
    seen = forge.look(forge.base(None), PREFIX)
    assert seen.branches[NAME].merged
    assert seen.branches[NAME].ours
    assert seen.proposals[0].state == "merged"
    repo.git("branch", "-q", "-d", NAME)
    assert forge.look(forge.base(None), PREFIX).proposals[0].state == "merged"


def test_a_deleted_branch_is_a_no(repo: Repo, forge: LocalForge) -> None:
    opened(forge)
    repo.git("branch", "-q", "-D", NAME)
    assert forge.look(forge.base(None), PREFIX).proposals[0].state == "closed"


def test_closing_by_hand_in_the_file_is_a_no(repo: Repo, forge: LocalForge) -> None:
    opened(forge)
    file = repo.root / ".git/replanner/proposals/main/llama-000000.md"
    file.write_text(file.read_text().replace('state: "open"', "state: closed"))
    assert forge.look(forge.base(None), PREFIX).proposals[0].state == "closed"


def test_closing_and_editing_rewrite_the_file(forge: LocalForge) -> None:
    wanted, head = opened(forge)
    base = forge.base(None)
    (shown,) = forge.look(base, PREFIX).proposals
    forge.edit(shown, compose(replace(wanted, title="Again"), head, shown=shown))
    (edited,) = forge.look(base, PREFIX).proposals
    assert edited.title == "Again"
    forge.close(edited, f"{edited.body}\nwhy")
    (closed,) = forge.look(base, PREFIX).proposals
    assert (closed.state, closed.title) == ("closed", "Again")
    assert closed.body.rstrip().endswith("why")


def test_a_base_that_changed_the_same_file_conflicts(repo: Repo, forge: LocalForge) -> None:
    opened(forge)
    repo.commit({"unrelated.txt": "x"})
    assert not forge.look(forge.base(None), PREFIX).branches[NAME].conflicted
    repo.commit({"deploy/chat/serve_command.sh": "other"})
    assert forge.look(forge.base(None), PREFIX).branches[NAME].conflicted


def test_a_branch_without_common_history_conflicts(repo: Repo, forge: LocalForge) -> None:
    tree = repo.git("rev-parse", "main^{tree}")
    orphan = repo.git("commit-tree", tree, "-m", "x")
    repo.git("update-ref", f"refs/heads/{NAME}", orphan)
    branch = forge.look(forge.base(None), PREFIX).branches[NAME]
    assert (branch.conflicted, branch.ours) == (True, False)


def test_what_the_base_lost_would_come_back(repo: Repo, forge: LocalForge) -> None:
    repo.commit({"secret.txt": "x\n"})
    opened(forge)
    repo.git("reset", "-q", "--hard", "HEAD^")
    branch = forge.look(forge.base("main"), PREFIX).branches[NAME]
    assert (branch.conflicted, branch.behind) == (True, False)


def test_a_branch_that_only_points_at_the_base_is_not_ours(repo: Repo, forge: LocalForge) -> None:
    repo.git("branch", NAME)
    branch = forge.look(forge.base(None), PREFIX).branches[NAME]
    assert (branch.merged, branch.ours) == (True, False)


def test_other_bases_and_strange_files_are_out_of_sight(repo: Repo, forge: LocalForge) -> None:
    opened(forge)
    folder = repo.root / ".git/replanner/proposals"
    (folder / "stray.md").write_text("no front matter")
    (folder / "half.md").write_text("---\nstate: open\n")
    (folder / "lies.md").write_text('---\nbranch: "replanner/main/x"\nstate: "open"\n---\n')
    (folder / "worse.md").write_text('---\nbranch: "../../x"\nstate: "open"\n---\n')
    (folder / "list.md").write_text("---\nbranch: list\nstate: [1]\n---\n")
    assert [one.branch for one in forge.look(forge.base(None), PREFIX).proposals] == [NAME]
    assert forge.look(forge.base(None), "replanner/other/").proposals == ()


@pytest.mark.parametrize(
    "path",
    ["../outside", "/etc/passwd", ".git/hooks/post-commit", "a/../../b", "deploy\\x", "a//b", ""],
)
def test_paths_out_of_the_tree_are_refused(repo: Repo, forge: LocalForge, path: str) -> None:
    with pytest.raises(InputError, match="no path inside"):
        forge.push(proposal(forge, files={path: Blob(b"x")}), expected=None)
    assert repo.git("branch", "--list", NAME) == ""


@pytest.mark.parametrize(
    ("there", "path", "in_way"),
    [
        ({"deploy": "a file"}, "deploy/chat/x", "deploy"),
        ({"deploy/chat/x/y": "a file"}, "deploy/chat/x", "deploy/chat/x"),
    ],
)
def test_nothing_but_plain_files_is_replaced(
    repo: Repo, forge: LocalForge, there: dict[str, str], path: str, in_way: str
) -> None:
    repo.commit(there)
    with pytest.raises(InputError, match=f"'{in_way}' is in its way"):
        forge.push(proposal(forge, files={path: Blob(b"x")}), expected=None)


def test_links_are_never_followed_or_replaced(repo: Repo, forge: LocalForge) -> None:
    (repo.root / "deploy").symlink_to("/tmp")  # noqa: S108 - a target outside, never followed
    repo.commit({})
    assert "deploy" not in forge.base(None).tree.paths()
    with pytest.raises(InputError, match="'deploy' is in its way"):
        forge.push(proposal(forge), expected=None)


@pytest.mark.parametrize("path", ["deploy/ä\u2028ö", "deploy/a\tb"])
def test_names_that_cannot_be_shown_are_refused(forge: LocalForge, path: str) -> None:
    with pytest.raises(InputError, match="no path inside the repository"):
        forge.push(proposal(forge, files={path: Blob(b"x")}), expected=None)


@pytest.mark.parametrize(
    "path", ["deploy/-rf", "deploy/a b", "deploy/äö", 'deploy/"q"', "deploy/*"]
)
def test_strange_names_are_written_as_they_are(repo: Repo, forge: LocalForge, path: str) -> None:
    head = forge.push(proposal(forge, files={path: Blob(b"x\r\n")}), expected=None)
    names = repo.git("ls-tree", "-r", "-z", "--name-only", head).split("\0")
    assert path in names
    assert repo.git("show", f"{head}:{path}") == "x"


def test_nobodys_configuration_or_hooks_take_part(repo: Repo, forge: LocalForge) -> None:
    hook = repo.root / ".git/hooks/reference-transaction"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    for key, value in {
        "commit.gpgSign": "true",
        "gpg.program": "/bin/false",
        "core.autocrlf": "true",
        "core.fsmonitor": "/bin/false",
        "user.name": "Somebody",
        "user.email": "else@example.org",
        "i18n.commitEncoding": "ISO-8859-1",
        "i18n.logOutputEncoding": "UTF-16",
        "log.showSignature": "true",
        "trailer.separators": "=",
        "core.commentChar": "R",
    }.items():
        repo.git("config", key, value)
    (repo.root / ".git/info/attributes").write_text("* text eol=crlf filter=x\n")
    head = forge.push(proposal(forge), expected=None)
    raw = subprocess.run(
        ["git", "-C", str(repo.root), "cat-file", "blob", f"{head}:deploy/chat/serve_command.sh"],
        check=True,
        capture_output=True,
    )
    assert raw.stdout == b"#!/bin/sh\n"
    branch = forge.look(forge.base(None), PREFIX).branches[NAME]
    assert (branch.ours, branch.digest) == (True, "d1")


def test_a_callers_git_variables_take_no_part(
    repo: Repo, forge: LocalForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    assert LocalForge.at(repo.root).push(proposal(forge), expected=None)


def test_a_bare_repository_serves_as_well(repo: Repo, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repo.root), str(bare)], check=True)
    forge = LocalForge.at(bare)
    opened(forge)
    assert (bare / "replanner/proposals/main/llama-000000.md").is_file()
    assert forge.look(forge.base(None), PREFIX).proposals[0].state == "open"


def test_working_trees_share_their_proposals(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "other"), "-b", "feature")
    opened(LocalForge.at(tmp_path / "other"))
    forge = LocalForge.at(repo.root)
    assert forge.look(forge.base("main"), PREFIX).proposals[0].branch == NAME
    assert LocalForge.at(tmp_path / "other").base(None).name == "feature"


def test_a_branch_in_another_working_tree_is_in_use(repo: Repo, tmp_path: Path) -> None:
    forge = LocalForge.at(repo.root)
    opened(forge)
    repo.git("worktree", "add", "-q", str(tmp_path / "other"), NAME)
    assert forge.look(forge.base(None), PREFIX).branches[NAME].in_use


def test_an_empty_repository_is_told(tmp_path: Path) -> None:
    forge = LocalForge.at(Repo.new(tmp_path / "empty").root)
    with pytest.raises(InputError, match="no branch 'main'") as caught:
        forge.base(None)
    assert "Commit" in caught.value.hint


def test_a_detached_head_falls_back_to_main(repo: Repo, forge: LocalForge) -> None:
    repo.git("checkout", "-q", "--detach")
    assert forge.base(None).name == "main"
    repo.git("branch", "-q", "-m", "main", "trunk")
    with pytest.raises(InputError, match="no branch is checked out"):
        forge.base(None)
    assert forge.base("trunk").name == "trunk"


def test_a_checked_out_proposal_is_no_base(repo: Repo, forge: LocalForge) -> None:
    opened(forge)
    repo.git("checkout", "-q", NAME)
    assert forge.base(None).name == "main"


@pytest.mark.parametrize("name", ["nope", "-x", "--all", "main:README.md", "a..b", "\x00"])
def test_branches_that_are_none_are_told(forge: LocalForge, name: str) -> None:
    with pytest.raises(InputError):
        forge.base(name)


def test_folders_that_are_no_repository_are_told(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no git repository"):
        LocalForge.at(tmp_path)
    with pytest.raises(InputError, match="not its root"):
        LocalForge.at(repo.root / "profiles")


def test_a_missing_git_is_told(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert shutil.which("git") is None
    with pytest.raises(InputError, match="git is not on PATH"):
        Git.at(repo.root)


def test_a_run_that_reached_the_same_commit_first_is_no_conflict(forge: LocalForge) -> None:
    head = forge.push(proposal(forge), expected=None)
    assert forge.push(proposal(forge), expected=None) == head


def test_objects_that_cannot_be_written_are_told(repo: Repo, forge: LocalForge) -> None:
    objects = repo.root / ".git/objects"
    shutil.move(objects, repo.root / ".git/theirs")
    objects.mkdir()
    (objects / "info").mkdir()
    (objects / "info/alternates").write_text(f"{repo.root}/.git/theirs\n")
    for number in range(256):  # files where folders are needed: not even root may write
        (objects / f"{number:02x}").write_text("")
    with pytest.raises(InputError, match="git hash-object failed: "):
        forge.push(proposal(forge), expected=None)


def test_git_says_why_it_failed(repo: Repo) -> None:
    with pytest.raises(GitError) as caught:
        Git.at(repo.root).run("cat-file", "blob", "nope")
    assert "nope" in caught.value.stderr


def test_a_sha256_repository_works_too(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "r", "--object-format=sha256")
    repo.commit({"old.txt": "x"})
    forge = LocalForge.at(repo.root)
    _, head = opened(forge, files={**FILES, "old.txt": None})
    assert len(head) == 64
    assert forge.look(forge.base(None), PREFIX).branches[NAME].ours


def test_a_folder_that_cannot_be_written_is_told(repo: Repo, forge: LocalForge) -> None:
    """A link to nowhere cannot be written through by anybody, root included."""
    folder = repo.root / ".git/replanner"
    folder.mkdir()
    (folder / "proposals").symlink_to("/proc/nothing/here")
    with pytest.raises(InputError, match="cannot be written"):
        opened(forge)


def test_a_file_in_place_of_the_proposals_folder_is_told(repo: Repo, forge: LocalForge) -> None:
    (repo.root / ".git/replanner").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        opened(forge)


def test_an_unreadable_proposal_is_told(repo: Repo, forge: LocalForge) -> None:
    (repo.root / ".git/replanner/proposals/x.md").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be read"):
        forge.look(forge.base(None), PREFIX)


def test_names_that_are_no_branch_are_refused(forge: LocalForge) -> None:
    content = Content("../x", "main", "t", "b", (), draft=False)
    with pytest.raises(InputError, match="no name for a branch"):
        forge.open(content)
