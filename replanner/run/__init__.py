"""What the Action and the server share: a repository as a run sees it, and what is done in it."""
