"""Decide which weight matrices the parts of a model have, and how vLLM divides each of them."""
