"""Every sender that is understood."""

from collections.abc import Mapping
from typing import Final

from replanner.webhooks import (
    cloudevents,
    docker_distribution,
    dockerhub,
    ecr_eventbridge,
    github,
    gitlab,
    harbor,
    huggingface,
    jfrog,
    mlflow,
    quay,
    standard_webhooks,
    wandb,
)
from replanner.webhooks.source import Source

_MODULES: Final = (
    huggingface,
    github,
    docker_distribution,
    dockerhub,
    harbor,
    quay,
    cloudevents,
    standard_webhooks,
    mlflow,
    jfrog,
    ecr_eventbridge,
    wandb,
    gitlab,
)
SOURCES: Final[Mapping[str, Source]] = {module.SOURCE.name: module.SOURCE for module in _MODULES}
