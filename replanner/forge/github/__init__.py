"""Adapters for GitHub, its Enterprise Server and GHE.com, over its API alone: no git, no clone."""
