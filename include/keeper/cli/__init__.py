"""The `keeper` command."""

from keeper.cli.app import main

__all__ = ["main"]
