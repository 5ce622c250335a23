"""Adapters that look container images up: what a tag stands for, and which tags there are."""
