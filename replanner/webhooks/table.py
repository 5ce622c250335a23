"""Every sender that is understood."""

from collections.abc import Mapping
from typing import Final

from replanner.webhooks import github, huggingface
from replanner.webhooks.source import Source

SOURCES: Final[Mapping[str, Source]] = {
    source.name: source for source in (github.SOURCE, huggingface.SOURCE)
}
