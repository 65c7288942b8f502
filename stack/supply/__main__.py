"""The commands around what Keeper is made of: `python -m stack.supply --help`."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from stack.errors import StackError
from stack.layout import REPOSITORY, Layout
from stack.supply.advisories import Look, python_holes, script_holes
from stack.supply.audit import evaluate, read_exceptions
from stack.supply.bill import write_bills
from stack.supply.images import NoRegistryError, composed_images, digests_of, override_text

_NOTHING_KNOWN = 2
_LAYOUT = Layout(REPOSITORY / ".keeper")
_EXCEPTIONS = Path(__file__).with_name("exceptions.toml")
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def audit() -> None:
    """Look for known holes in the packages that images install and the pages are built with.

    Exit 0: none but those of stack/supply/exceptions.toml. 1: there are. 2: no advisories could be
    had, so that nothing is known.
    """
    exceptions = read_exceptions(_EXCEPTIONS)
    looks = []
    for look in (python_holes, script_holes):
        try:
            looks.append(look(_LAYOUT, os.environ))
        except (StackError, subprocess.TimeoutExpired) as error:
            looks.append(Look(unknown=(str(error),)))
    holes = [hole for look in looks for hole in look.holes]
    verdict = evaluate(holes, exceptions, datetime.now(UTC).date())
    for line in verdict.lines:
        print(line)
    unknown = [line for look in looks for line in look.unknown]
    for line in unknown:
        print(line, file=sys.stderr)
    if verdict.is_failed:
        raise typer.Exit(1)
    if unknown:
        print("Not all advisories could be had: there may be more holes.", file=sys.stderr)
        raise typer.Exit(_NOTHING_KNOWN)
    print("No other known holes." if verdict.lines else "No known holes.")


@app.command()
def sbom(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")] = Path(".keeper/sbom"),
) -> None:
    """List in CycloneDX what the image is made of, and the pages in it."""
    for file in write_bills(os.environ, folder):
        print(file)


@app.command("pin-images")
def pin_images(
    target: Annotated[Path, typer.Argument(help="The override file.")] = Path(
        "docker-compose.pins.yaml"
    ),
) -> None:
    """Ask registries for the digests of a server's images; write those that were had.

    Exit 1: some could not be had, and stay as tags. 2: none could, and nothing is written.
    """
    images = composed_images(
        [REPOSITORY / name for name in ("docker-compose.yaml", "docker-compose.prod.yaml")]
    )
    try:
        digests, missing = digests_of(sorted(images.names()), os.environ)
    except NoRegistryError as error:
        print(f"{error} Nothing was written.", file=sys.stderr)
        raise typer.Exit(_NOTHING_KNOWN) from None
    target.write_text(override_text(images, digests, datetime.now(UTC)), encoding="utf-8")
    print(f"{target}: {len(digests)} images by digest")
    for line in missing:
        print(line, file=sys.stderr)
    if missing:
        raise typer.Exit(1)


def main() -> None:
    """Run a command; a known problem is one sentence on stderr and exit code 1."""
    try:
        app()
    except StackError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
