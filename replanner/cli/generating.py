import argparse

from replanner.cli.context import Context


def run(arguments: argparse.Namespace, context: Context) -> int:
    raise NotImplementedError
