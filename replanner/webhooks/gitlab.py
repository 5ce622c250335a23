"""GitLab: what was pushed, as `group/project@branch` (docs.gitlab.com, "Webhook events"). New
ones sign as Standard Webhooks does, old ones send the secret itself."""

from typing import Final

from replanner.webhooks.events import SubjectMoved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_header
from replanner.webhooks.look import name, text
from replanner.webhooks.signatures import any_of, standard, verbatim
from replanner.webhooks.source import Found, Request, Source

_REFS: Final = {"push": "refs/heads/", "tag_push": "refs/tags/"}


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    key = by_header(request, "webhook-id", "idempotency-key")
    prefix = _REFS.get(text(payload, "object_kind"))
    if prefix is None or not text(payload, "after").strip("0"):  # zeros: it was deleted
        return Found(key, note="nothing was pushed")
    project, ref = name(payload, "project", "path_with_namespace"), name(payload, "ref")
    if not project or not ref.startswith(prefix):
        return Found(key, note="no project or branch is named")
    return Found(key, (SubjectMoved(f"{project}@{ref.removeprefix(prefix)}"),))


SOURCE: Final = Source("gitlab", any_of(standard(), verbatim("x-gitlab-token")), _understand)
