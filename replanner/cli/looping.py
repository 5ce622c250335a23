import argparse

from replanner.cli.context import Context


def check(arguments: argparse.Namespace, context: Context) -> int:
    raise NotImplementedError


diff = replan = check
