"""Tags a release through GitHub's API: one commit on top of the released one, the version's tag on
it, and the major tag moved there.

The commit differs in action.yml alone (release_action.py) and names no author, so that GitHub signs
it. A version's tag is never moved: where it is there already, with the same action.yml, a run that
broke off is carried on; with another one, nothing is done. A major tag follows the newest version.
"""

import argparse
import os
import sys
from collections.abc import Mapping

from github import Auth, Github, InputGitTreeElement
from github.GitRef import GitRef
from github.Repository import Repository
from release_action import ROOT, released, version


def release(repository: Repository, commit: str, image: str) -> str:
    """The commit that the version's tag is on, now and from now on."""
    number = version()
    action = released((ROOT / "action.yml").read_text(), image)
    tags = _tags(repository, number.partition(".")[0])
    there = tags.get(number)
    if there is None:
        tagged = _committed(repository, commit, action, f"Release {number}")
        repository.create_git_ref(f"refs/tags/v{number}", tagged)
    else:
        tagged = there.object.sha
        if _action_of(repository, tagged) != action:
            sys.exit(f"v{number} is there already and names another image; raise the version")
    _follow(repository, tags, number, tagged)
    return tagged


def _tags(repository: Repository, major: str) -> dict[str, GitRef]:
    """The major tag and the versions below it, by what follows the `v`."""
    found = repository.get_git_matching_refs(f"tags/v{major}")
    tags = {ref.ref.removeprefix("refs/tags/v"): ref for ref in found}
    return {name: ref for name, ref in tags.items() if name.partition(".")[0] == major}


def _committed(repository: Repository, parent: str, action: str, message: str) -> str:
    below = repository.get_git_commit(parent)
    changed = InputGitTreeElement("action.yml", "100644", "blob", content=action)
    tree = repository.create_git_tree([changed], below.tree)
    return repository.create_git_commit(message, tree, [below]).sha


def _action_of(repository: Repository, commit: str) -> str:
    file = repository.get_contents("action.yml", ref=commit)
    return "" if isinstance(file, list) else file.decoded_content.decode()


def _follow(repository: Repository, tags: Mapping[str, GitRef], number: str, tagged: str) -> None:
    """Moves `v1` to 1.4.2 unless 1.5.0 is out: fixes of an older line are for who pins that."""
    if any(_key(other) > _key(number) for other in tags if "." in other):
        return
    major = number.partition(".")[0]
    if major not in tags:
        repository.create_git_ref(f"refs/tags/v{major}", tagged)
    elif tags[major].object.sha != tagged:
        tags[major].edit(tagged, force=True)


def _key(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split(".") if part.isdigit())


def main() -> None:
    parser = argparse.ArgumentParser(description="Tag the release of this tree.")
    parser.add_argument("repository", metavar="OWNER/NAME")
    parser.add_argument("commit", help="the released commit, 40 hex digits")
    parser.add_argument("image", metavar="NAME:VERSION@sha256:DIGEST")
    arguments = parser.parse_args()
    url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    # Four writes in all: no need to wait a second after each.
    token = Auth.Token(os.environ["GITHUB_TOKEN"])
    client = Github(base_url=url, auth=token, seconds_between_writes=0)
    print(release(client.get_repo(arguments.repository), arguments.commit, arguments.image))


if __name__ == "__main__":
    main()
