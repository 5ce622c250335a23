"""Plans vLLM deployments from profiles kept in git, and re-plans them when something moves."""

__version__ = "0.1.0"
