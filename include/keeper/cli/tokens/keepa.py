"""`keeper keepa decode`: look into what Keepa sends."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.tables import harmless

if TYPE_CHECKING:
    from keeper.domain.prices.points import PricePoint

app = typer.Typer(
    name="keepa", help="Keepa: what it sends and what its tokens go to.", no_args_is_help=True
)


@app.command()
def decode(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A /product reply or one product of it, as JSON or gzip; - for standard input.",
        ),
    ],
    all_types: Annotated[
        bool, typer.Option("--all", help="Print counts, ranks and ratings too.")
    ] = False,
) -> None:
    """Print a product reply's price history as JSON lines.

    Products come in the reply's order; each one's points by price type and time. Money is in the
    currency's minor unit, null means no offer. What cannot be read is named on standard error and
    makes the exit status 1; a file that cannot be opened makes it 2.

    Example: keeper keepa decode reply.json.gz --all
    """
    from keeper.domain.prices.types import PRICE_TYPES
    from keeper.errors import KeeperError
    from keeper.sources.keepa.products.decode import decode_products

    body = _read(file)
    try:
        reply = decode_products(body)
    except KeeperError as error:
        _complain(f"{_name(file)}: {error}")
        raise typer.Exit(1) from None

    wanted = [price_type for price_type in PRICE_TYPES if all_types or price_type.is_price]
    _print_points(point for product in reply.products for point in product.points(wanted))
    for product in reply.products:
        if not product.series and not product.damaged:
            reason = product.kind.explain([variation.asin for variation in product.variations])
            _complain(f"{product.asin} {product.locale.domain}: {reason or 'no price history'}")
    for problem in reply.problems:
        _complain(f"left out {problem}")
    if not reply.products and not reply.problems:
        _complain(f"{_name(file)}: the reply has no products; Keepa knows none of the ASINs asked")
    if reply.problems or not reply.products:
        raise typer.Exit(1)


def _read(file: str) -> bytes:
    import gzip
    import zlib
    from pathlib import Path

    try:
        body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        _complain(f"{file} cannot be read: {error.strerror}; give the path of a saved reply")
        raise typer.Exit(2) from None
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        _complain(f"{_name(file)} is a damaged gzip file; fetch it again")
        raise typer.Exit(1) from None


def _print_points(points: "Iterable[PricePoint]") -> None:
    import os

    import msgspec

    encoder = msgspec.json.Encoder()
    out = sys.stdout.buffer
    try:
        for point in points:
            # A point's fields are in the order in which they are printed.
            out.write(encoder.encode(point) + b"\n")
        out.flush()
    except BrokenPipeError:
        # The reader has seen enough. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _complain(text: str) -> None:
    typer.echo(harmless(text), err=True)
