"""Any sender that keeps to Standard Webhooks 1.0.0 (standardwebhooks.com)."""

from typing import Final

from replanner.webhooks.events import SubjectMoved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_header
from replanner.webhooks.look import name
from replanner.webhooks.signatures import standard
from replanner.webhooks.source import Found, Request, Source

# The specification leaves `data` open; the first of these that is there names what moved.
_SUBJECTS: Final = (("data", "subject"), ("data", "model"), ("data", "name"), ("type",))


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    key = by_header(request, "webhook-id")
    subject = next(filter(None, (name(payload, *path) for path in _SUBJECTS)), "")
    return Found(key, (SubjectMoved(subject),)) if subject else Found(key, note="nothing is named")


SOURCE: Final = Source("standard_webhooks", standard(), _understand)
