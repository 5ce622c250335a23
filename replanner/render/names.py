"""Decides what a profile is called where only a DNS label will do."""

import re

LABEL_LENGTH = 53  # Helm's limit for a release, which leaves room for suffixes below DNS's 63


def slug(name: str) -> str:
    """`eu/chat` is `eu-chat`; `vllm` where nothing is left."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower())[:LABEL_LENGTH].strip("-")
    return label or "vllm"
