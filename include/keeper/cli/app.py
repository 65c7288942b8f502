"""The command's entry: sub-commands, and errors as one sentence instead of a trace."""

import logging
import sys
from typing import Annotated, Final, NoReturn

import typer

from keeper.cli import requests, search, trends
from keeper.cli.backups import backup, receive_wal, restore
from keeper.cli.deals import commands as deals
from keeper.cli.deals import reports
from keeper.cli.discovery import proposals
from keeper.cli.discovery import searches as discover
from keeper.cli.messages import alerts, channels, deliver, notices
from keeper.cli.services import airflow, bot, console, health, metrics, relay, simulate, top
from keeper.cli.storage import lake, rates
from keeper.cli.storage import upkeep as storage
from keeper.cli.streams import dead_letters, lag, resume, topics, workers
from keeper.cli.tables import harmless, harmless_lines
from keeper.cli.tokens import account as tokens
from keeper.cli.tokens import keepa, probe
from keeper.cli.users import api_tokens, users
from keeper.cli.watches import files as watch_files
from keeper.cli.watches import listing, status, watch
from keeper.cli.watches import rules as watch_rules
from keeper.errors import KeeperError

_INTERRUPTED: Final = 130
"""With this typer ends for Ctrl-C, as shells do."""
app = typer.Typer(
    name="keeper",
    help="Keeper watches Amazon prices through Keepa.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.add_typer(watch.app, name="watch")
watch.app.command("list")(listing.list_)
watch.app.command("pause")(status.pause)
watch.app.command("resume")(status.resume)
watch.app.command("remove")(status.remove)
watch.app.command("import")(watch_files.import_)
watch.app.command("export")(watch_files.export)
watch.app.command("rules")(watch_rules.rules)
watch.app.command("try")(watch_rules.try_)
app.add_typer(keepa.app, name="keepa")
keepa.app.command("plan")(tokens.plan)
keepa.app.command("tokens")(tokens.tokens)
keepa.app.command("probe")(probe.probe)
app.add_typer(deals.app, name="deals")
app.add_typer(reports.app, name="reports")
app.add_typer(discover.app, name="discover")
discover.app.command("proposals")(proposals.proposals)
discover.app.command("approve")(proposals.approve)
discover.app.command("reject")(proposals.reject)
app.add_typer(lake.app, name="lake")
app.add_typer(topics.app, name="topics")
topics.app.command("lag")(lag.lag)
topics.app.command("resume")(resume.resume)
topics.app.add_typer(dead_letters.app, name="dlq")
app.add_typer(search.app, name="search")
app.add_typer(rates.app, name="rates")
app.add_typer(storage.app, name="storage")
app.add_typer(trends.app, name="trends")
app.add_typer(workers.consume, name="consume")
app.add_typer(workers.index, name="index")
app.add_typer(alerts.app, name="alerts")
app.add_typer(channels.app, name="channels")
app.add_typer(notices.app, name="notices")
app.add_typer(backup.app, name="backup")
app.command("receive-wal")(receive_wal.receive_wal)
app.command("restore")(restore.restore)
app.command("deliver")(deliver.deliver)
app.command("carry-out")(requests.carry_out)
app.command("relay")(relay.relay)
app.add_typer(bot.app, name="bot")
app.add_typer(console.app, name="console")
console.app.command("login")(users.login)
app.add_typer(users.app, name="users")
app.add_typer(api_tokens.app, name="api-tokens")
app.command("health")(health.health)
app.command("metrics")(metrics.metrics)
app.command("top")(top.top)
app.command("alertmanager")(metrics.alertmanager)
app.command("simulate-keepa")(simulate.simulate_keepa)
# Its words are Airflow's, of which it knows nothing.
app.command(
    "airflow",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="PROCESS [OPTIONS]",
)(airflow.airflow)


@app.command()
def migrate(
    only: Annotated[
        list[str] | None,
        typer.Option(help="postgres, kafka or elasticsearch; all if not given. Repeatable."),
    ] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for a service that does not answer yet.", min=0)
    ] = 60,
) -> None:
    """Bring PostgreSQL, Kafka's topics and Elasticsearch's templates to what this version needs.

    Running it again changes nothing. Example: keeper migrate --only postgres
    """
    from keeper.pipeline.services.migrate import PARTS, migrate_when_it_answers

    unknown = sorted(set(only or ()) - set(PARTS))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(PARTS)}")
    for part in only or PARTS:
        done = migrate_when_it_answers(
            part, timeout_s=wait, on_wait=lambda why: typer.echo(harmless(why), err=True)
        )
        typer.echo(f"{part}: {', '.join(done) if done else 'up to date'}")


def main() -> None:
    """Run the command; exit 1 with a sentence on stderr for an error Keeper knows.

    Ctrl-C ends it with 130 and a line, wherever it comes.
    """
    try:
        _run()
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _interrupted()
        raise


class _HarmlessFormatter(logging.Formatter):
    """Writes log lines in which nothing steers a terminal, whatever a reply or a title holds."""

    def format(self, record: logging.LogRecord) -> str:
        return harmless_lines(super().format(record))


def _run() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_HarmlessFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("elastic_transport", "yoyo", "urllib3"):
        # Their warnings say, with a trace, what Keeper's own errors say in a sentence.
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        app()
    except KeeperError as error:
        typer.secho(harmless_lines(str(error)), fg=typer.colors.RED, err=True)
        sys.exit(1)


def _interrupted() -> NoReturn:
    typer.echo("\nInterrupted.", err=True)
    sys.exit(_INTERRUPTED)
