"""The GitHub Action's front door: reads its environment, lets the use-cases work, tells the run."""
