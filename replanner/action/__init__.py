"""Front door for GitHub Actions: one step of a workflow."""
