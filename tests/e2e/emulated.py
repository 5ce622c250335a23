"""An emulated GitHub as tests use it: repositories with files, people who push, faults, the log."""

import base64
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from github import Auth, GithubIntegration
from peers import peer

REPOSITORY = "acme-bot/infra"
OWNER = "ghp_owner"
READER = "ghp_reader"
# The App that is installed on the repository, and the account it speaks as.
APP_ID = 12345
APP_LOGIN = "replanner[bot]"


@dataclass
class GitHub:
    """The emulator; what stands here speaks as the people of the story, not as replanner."""

    url: str
    repository: str = REPOSITORY
    token: str = OWNER
    app_key: str = field(default="", repr=False)

    def api(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {
                "Authorization": f"token {token or self.token}",
                "Content-Type": "application/json",
                "User-Agent": "a-person",
            },
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def repo(self, method: str, path: str, body: object = None) -> Any:
        return self.api(method, f"/repos/{self.repository}{path}", body)

    def reset(self) -> None:
        self.api("POST", "/_tools/reset")

    def faults(self, *faults: Mapping[str, object]) -> None:
        self.api("PUT", "/_tools/faults", list(faults))

    def installation_token(self) -> str:
        """A token as `actions/create-github-app-token` makes it."""
        app = Auth.AppAuth(APP_ID, self.app_key)
        pace = {"seconds_between_requests": 0, "seconds_between_writes": 0}
        with closing(GithubIntegration(auth=app, base_url=self.url, **pace)) as asked:
            owner, name = self.repository.split("/")
            return asked.get_access_token(asked.get_repo_installation(owner, name).id).token

    def violations(self) -> list[str]:
        """What GitHub's own description has against any request until now."""
        rows = self.api("GET", "/_tools/log")
        return [
            f"{row['method']} {row['path']}: {row['request']}" for row in rows if row.get("request")
        ]

    def seen_by_app(self, path: str, data: bytes) -> bytes:
        """GraphQL's viewer is the App's account for an App's token, on GitHub; the emulator says
        the account that the App is installed on."""
        answer = json.loads(data) if path == "/graphql" else {}
        found = answer.get("data") or {}
        if "viewer" not in found:
            return data
        found["viewer"] = {"login": APP_LOGIN, "databaseId": 7}
        pull = found["repository"].get("pullRequest") or {}
        for said in pull.get("comments", {}).get("nodes", ()):
            comment = self.repo("GET", f"/issues/comments/{said['fullDatabaseId']}")
            said["viewerDidAuthor"] = comment["user"]["login"] == APP_LOGIN
        return json.dumps(answer).encode()

    def check_runs(self, commit: str) -> list[Any]:
        """All check runs of a commit, whoever made them."""
        found = self.repo("GET", f"/commits/{commit}/check-runs?filter=all&per_page=100")
        return list(found["check_runs"])

    # --- what people do

    def head(self, branch: str = "main") -> str:
        return str(self.repo("GET", f"/git/ref/heads/{branch}")["object"]["sha"])

    def push(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        branch: str = "main",
        start: str | None = None,
        message: str = "change",
    ) -> str:
        """A person's commit; the branch is made at `start` (a branch) where it is missing."""
        parent = self.head(start) if start else self.head(branch)
        base_tree = self.repo("GET", f"/git/commits/{parent}")["tree"]["sha"]
        tree = self.repo(
            "POST",
            "/git/trees",
            {"base_tree": base_tree, "tree": [self._entry(*one) for one in files.items()]},
        )
        commit = self.repo(
            "POST",
            "/git/commits",
            {
                "message": message,
                "tree": tree["sha"],
                "parents": [parent],
                "author": {
                    "name": "Ada",
                    "email": "ada@example.org",
                    "date": "2026-01-02T03:04:05Z",
                },
            },
        )
        if start:
            self.repo("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit["sha"]})
        else:
            self.repo("PATCH", f"/git/refs/heads/{branch}", {"sha": commit["sha"]})
        return str(commit["sha"])

    def _entry(self, path: str, text: str | bytes | None) -> dict[str, object]:
        entry: dict[str, object] = {"path": path, "mode": "100644", "type": "blob"}
        if text is None:
            return {**entry, "sha": None}
        data = text if isinstance(text, bytes) else text.encode()
        blob = self.repo(
            "POST",
            "/git/blobs",
            {"content": base64.b64encode(data).decode(), "encoding": "base64"},
        )
        return {**entry, "sha": blob["sha"]}

    def open_pull(self, branch: str, *, title: str = "A change", base: str = "main") -> int:
        made = self.repo(
            "POST", "/pulls", {"title": title, "body": "", "head": branch, "base": base}
        )
        return int(made["number"])

    def pull(self, number: int) -> Any:
        return self.repo("GET", f"/pulls/{number}")

    def pulls(self, state: str = "open") -> list[Any]:
        return list(self.repo("GET", f"/pulls?state={state}&per_page=100"))

    def comments(self, number: int) -> list[Any]:
        return list(self.repo("GET", f"/issues/{number}/comments?per_page=100"))

    def read(self, path: str, ref: str) -> str:
        found = self.repo("GET", f"/contents/{path}?ref={ref}")
        return base64.b64decode(found["content"]).decode()

    def exists(self, path: str, ref: str) -> bool:
        try:
            self.repo("GET", f"/contents/{path}?ref={ref}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True


@contextmanager
def emulated(seed: Path | None = None) -> Iterator[GitHub]:
    """A GitHub emulator of one's own, or a skip."""
    program = peer("github-emulator", needs=("github/openapi.json",))
    arguments = ["--checks-need-app", *(["--seed", str(seed)] if seed else [])]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [program, "--foreground", "--json", *arguments], stdin=pipe, stdout=pipe, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            ready = json.loads(server.stdout.readline())
            yield GitHub(ready["url"], app_key=Path(ready["app_key_file"]).read_text())
        finally:
            server.stdin.close()
            server.wait(10)
