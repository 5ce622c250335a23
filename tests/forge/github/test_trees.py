"""Files over the wire, whatever they hold: what a GraphQL text does to bytes never shows."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fake_github import FakeGitHub, Reply, Request, fake_github
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import InputError, UpstreamError
from replanner.forge.files import check_path
from replanner.forge.github.session import Connection, Pace, Session
from replanner.forge.github.trees import GitHubTree, git_id
from replanner.propose import Blob

TOKEN = "ghp_" + "s" * 36
COMMIT = "c" * 40
AT_ONCE = Pace(0, 0, patience_s=0.5, first_wait_s=0, timeout_s=5)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGitHub]:
    with fake_github() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGitHub) -> FakeGitHub:
    forget(server)
    return server


def forget(server: FakeGitHub) -> None:
    server.asked.clear()
    server.answers.clear()


@pytest.fixture
def session(fake: FakeGitHub) -> Iterator[Session]:
    with Session(at(fake)) as opened:
        yield opened


def at(fake: FakeGitHub) -> Connection:
    return Connection(repository="acme/infra", token=TOKEN, api_url=fake.url, pace=AT_ONCE)


def blob(path: str, data: bytes, mode: str = "100644") -> dict[str, object]:
    return {"path": path, "mode": mode, "type": "blob", "sha": git_id(data), "size": len(data)}


def holds(fake: FakeGitHub, files: Mapping[str, bytes], *others: dict[str, object]) -> None:
    """A GitHub with these files, whose GraphQL texts are what its documentation says: cut off,
    null for binary content, made of what could be decoded."""
    tree = [*(blob(path, data) for path, data in files.items()), *others]
    by_id = {git_id(data): data for data in files.values()}
    fake.on("GET", f"/git/trees/{COMMIT}$", Reply(body={"tree": tree, "truncated": False}))

    def text(expression: str) -> object:
        commit, _, path = expression.partition(":")
        assert commit == COMMIT
        data = files[path]
        shown = None if b"\0" in data else data[:1000].decode("utf-8", "replace")
        return {"oid": git_id(data), "text": shown, "isTruncated": len(data) > 1000}

    def graphql(request: Request) -> Reply:
        variables: dict[str, Any] = request.body["variables"]
        found = {key: text(value) for key, value in variables.items() if key[0] == "f"}
        return Reply(body={"data": {"repository": found}})

    def one(request: Request) -> Reply:
        data = by_id[request.path.rpartition("/")[2]]
        return Reply(body={"content": base64.encodebytes(data).decode(), "encoding": "base64"})

    fake.on("POST", "^/graphql$", graphql)
    fake.on("GET", "/git/blobs/", one)


paths = st.lists(
    st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=9).filter(
        lambda text: text.isprintable() and "/" not in text
    ),
    unique=True,
    max_size=200,
)
contents = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", b"\r\n", b"\xef\xbb\xbfbom", "�".encode(), b"x" * 1001, b"\xff"]),
)


@given(names=paths, data=st.data())
def test_what_is_read_is_what_was_written(
    server: FakeGitHub, names: list[str], data: st.DataObject
) -> None:
    forget(server)
    files = {name: data.draw(contents) for name in names[:5]}
    files |= {name: name.encode() for name in names[5:]}
    holds(server, files)
    with Session(at(server)) as session:
        tree = GitHubTree(session, COMMIT)
        tree.expect([*files, "not there"])
        texts = len(files) // 80 + 2
        assert len(server.asked) <= 1 + texts
        assert {path: tree.read(path) for path in tree.paths()} == files
    assert len(server.asked) <= 1 + texts + 5


def test_no_path_gets_into_a_query(fake: FakeGitHub, session: Session) -> None:
    odd = 'a") { id } x: object(expression: "b'
    holds(fake, {odd: b"x"})
    tree = GitHubTree(session, COMMIT)
    tree.expect([odd])
    query = fake.asked[-1].body
    assert odd not in query["query"]
    assert query["variables"]["f0"] == f"{COMMIT}:{odd}"
    assert tree.read(odd) == b"x"


def test_two_trees_of_one_session_fetch_a_file_once(fake: FakeGitHub, session: Session) -> None:
    holds(fake, {"a": b"same", "b": b"same"})
    for _ in range(2):
        tree = GitHubTree(session, COMMIT)
        tree.expect(["a", "b"])
        assert tree.read("a") == tree.read("b") == b"same"
    assert fake.paths().count("POST /graphql") == 1


def test_no_run_reads_more_than_fits_into_memory(fake: FakeGitHub, session: Session) -> None:
    holds(fake, {"a": b"a" * 600, "b": b"b" * 600, "c": b"c"})
    session.room_bytes = 1000
    tree = GitHubTree(session, COMMIT)
    tree.expect(["a", "b", "c"])  # tells of nothing, and keeps what fits
    assert sum(map(len, session.blobs.values())) <= 1000
    assert tree.read("a") == b"a" * 600
    with pytest.raises(InputError, match="read as many files as it may"):
        tree.read("b")


def test_a_branchs_name_reads_no_other_branch(fake: FakeGitHub, session: Session) -> None:
    fake.on("GET", "/git/trees/main#x$", Reply(body={"tree": [blob("a", b"x")]}))
    assert set(GitHubTree(session, "main#x").paths()) == {"a"}


def test_links_and_submodules_are_kept_apart_and_never_replaced(
    fake: FakeGitHub, session: Session
) -> None:
    others = [
        blob("link", b"/etc/passwd", "120000"),
        {"path": "sub", "mode": "160000", "type": "commit", "sha": "1" * 40},
        {"path": "dir", "mode": "040000", "type": "tree", "sha": "2" * 40},
        blob("new\nline", b"x"),
    ]
    holds(fake, {"plain": b"x", "dir/file": b"y"}, *others)
    tree = GitHubTree(session, COMMIT)
    assert set(tree.paths()) == {"plain", "dir/file"}
    for path in ("link", "link/x", "sub", "sub/x", "dir", "plain/x"):
        with pytest.raises(InputError, match="in its way"):
            check_path(tree, path, Blob(b""))
    check_path(tree, "plain", Blob(b""))
    check_path(tree, "dir/other", Blob(b""))
    with pytest.raises(InputError, match="no such file"):
        tree.read("link")


def test_a_tree_too_large_for_one_listing_is_read_by_folder(
    fake: FakeGitHub, session: Session
) -> None:
    folder = {"path": "deep", "mode": "040000", "type": "tree", "sha": "2" * 40}
    cut = Reply(body={"tree": [], "truncated": True})
    top = Reply(body={"tree": [blob("top", b"t"), folder], "truncated": False})
    below = Reply(body={"tree": [blob("a/b", b"ab"), blob("c", b"c")], "truncated": False})
    fake.on("GET", f"/git/trees/{COMMIT}$", cut, top)
    fake.on("GET", "/git/trees/2{40}$", below)
    assert set(GitHubTree(session, COMMIT).paths()) == {"top", "deep/a/b", "deep/c"}
    assert [one.query.get("recursive") for one in fake.asked] == [["1"], None, ["1"]]


def test_one_that_never_ends_is_refused(fake: FakeGitHub, session: Session) -> None:
    folder = {"path": "deep", "mode": "040000", "type": "tree", "sha": COMMIT}
    cut = Reply(body={"tree": [], "truncated": True})
    top = Reply(body={"tree": [folder], "truncated": False})
    fake.on("GET", "/git/trees/", *[cut, top] * 400)
    with pytest.raises(InputError, match="too many files"):
        GitHubTree(session, COMMIT)


def test_a_file_that_is_too_large_is_not_fetched(fake: FakeGitHub, session: Session) -> None:
    huge = {**blob("huge", b"x"), "size": 17 * 1024**2}
    holds(fake, {}, huge)
    tree = GitHubTree(session, COMMIT)
    tree.expect(["huge"])
    with pytest.raises(InputError, match="larger than"):
        tree.read("huge")
    assert len(fake.asked) == 1


@pytest.mark.parametrize("content", ["", "eHk=", "!", "é"])
def test_a_file_that_arrives_damaged_is_told(
    fake: FakeGitHub, session: Session, content: str
) -> None:
    holds(fake, {"a": b"\0x"})
    fake.on("GET", "/git/blobs/", Reply(body={"content": content, "encoding": "base64"}))
    with pytest.raises(UpstreamError, match="damaged"):
        GitHubTree(session, COMMIT).read("a")


def test_where_texts_cannot_be_had_together_they_are_read_one_by_one(
    fake: FakeGitHub, session: Session
) -> None:
    holds(fake, {"a": b"1", "b": b"2"})
    fake.on("POST", "^/graphql$", Reply(200, {"errors": [{"message": "no"}]}))
    tree = GitHubTree(session, COMMIT)
    tree.expect(["a", "b"])
    assert (tree.read("a"), tree.read("b")) == (b"1", b"2")


def test_an_empty_repository_is_told(fake: FakeGitHub, session: Session) -> None:
    fake.on("GET", "/git/trees/", Reply(409, {"message": "Git Repository is empty."}))
    with pytest.raises(InputError, match="acme/infra has no commits yet"):
        GitHubTree(session, COMMIT)
