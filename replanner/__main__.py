"""`python -m replanner` is the command line."""

from replanner.cli import script

if __name__ == "__main__":
    script()
