"""`keeper rates`: exchange rates, by which analysts compare locales."""

from pathlib import Path
from typing import Annotated

import typer

from keeper.cli.options import JsonOption
from keeper.cli.records import print_records
from keeper.cli.session import database
from keeper.cli.tables import print_table

app = typer.Typer(help="Exchange rates, to compare locales by.", no_args_is_help=True)


@app.command("import")
def import_rates(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file, as below.")
    ],
) -> None:
    """Store daily rates from the European Central Bank's file; again changes nothing.

    It is eurofxref-hist.csv of the bank's page on euro reference rates, unpacked: a column Date,
    then one a currency, in units a euro. Keeper itself fetches nothing.
    Example: keeper rates import eurofxref-hist.csv
    """
    from keeper.pipeline.storage.exchange_rates import read_rates
    from keeper.stores.postgres.prices.exchange_rates import save_rates

    with file.open(encoding="utf-8-sig", newline="") as opened:
        read = read_rates(opened)
    with database() as connection:
        changed = save_rates(connection, read.rates)
    typer.echo(f"{len(read.rates):,} rates read, {changed:,} new or changed")
    if read.missing:
        typer.echo(f"nothing of {', '.join(read.missing)}")


@app.command("list")
def list_rates(as_json: JsonOption = False) -> None:
    """Print which rates there are, a line a currency.

    Example: keeper rates list
    """
    from keeper.stores.postgres.prices.exchange_rates import rates_summary

    with database() as connection:
        rows = rates_summary(connection)
    if as_json:
        print_records(rows)
        return
    if not rows:
        typer.echo("No rates so far; see: keeper rates import --help")
        return
    print_table(
        ("currency", "days", "from", "to", "for a euro"),
        (
            (
                row["currency"],
                f"{row['days']:,}",
                f"{row['first_day']}",
                f"{row['last_day']}",
                f"{row['per_euro']}",
            )
            for row in rows
        ),
        numbers=("days", "for a euro"),
    )
