"""The model registry of MLflow (mlflow.org/docs, "Webhooks"; mlflow/webhooks/delivery.py). It signs
as Standard Webhooks does, but in headers of its own and with the secret's text as the key."""

from collections.abc import Mapping
from typing import Final

from replanner.webhooks.events import SubjectMoved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_header
from replanner.webhooks.look import name, text
from replanner.webhooks.signatures import standard
from replanner.webhooks.source import Found, Request, Source

_ID: Final = "x-mlflow-delivery-id"
# As in MLflow's own addresses: models:/name/version and models:/name@alias.
_SUBJECTS: Final[Mapping[str, tuple[str, str]]] = {
    "model_version": ("/", "version"),
    "model_version_tag": ("/", "version"),
    "model_version_alias": ("@", "alias"),
}


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    key = by_header(request, _ID)
    model = name(payload, "data", "name")
    found = _SUBJECTS.get(text(payload, "entity"))
    if not model or found is None:
        return Found(key, note="no version of a model moved")
    sign, field = found
    which = name(payload, "data", field)
    return Found(key, (SubjectMoved(f"{model}{sign}{which}" if which else model),))


SOURCE: Final = Source(
    "mlflow", standard("x-mlflow", id_header=_ID, key=lambda secret: secret), _understand
)
