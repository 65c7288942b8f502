"""`keeper topics resume`: a group that has stopped at too many dead letters reads on."""

from typing import Annotated

import typer

from keeper.cli.options import YesOption
from keeper.cli.streams.lag import kafka
from keeper.cli.tables import harmless
from keeper.clock import utc_now
from keeper.streams.workers import READERS


def resume(
    group: Annotated[str, typer.Argument(help="The group whose workers have stopped.")],
    give_up: Annotated[
        bool,
        typer.Option(
            "--give-up",
            help="Of what is on the topic now, let everything that cannot be loaded become dead "
            "letters, however much it is.",
        ),
    ] = False,
    topic: Annotated[
        str | None, typer.Option(help="Its topic; Keeper's own groups need none.")
    ] = None,
    yes: YesOption = False,
) -> None:
    """Let a group's workers read on that have stopped at too many dead letters.

    Mend first what publishes such messages, or they stop again. Workers need no restart: they ask
    every two seconds. Example: keeper topics resume keeper-consumer-group
    """
    from keeper.pipeline.services.groups import let_group_go_on
    from keeper.streams.groups.records import GroupRecords

    topic = topic or READERS.get(group)
    if topic is None:
        raise typer.BadParameter(
            f"{group} is none of Keeper's groups ({', '.join(READERS)}); name its --topic"
        )
    with kafka() as (config, _):
        stop = GroupRecords(config).stop_of(group, topic)
        if stop is None or stop.reason is None:
            typer.echo(f"{group} has not stopped.")
            return
        typer.echo(f"{group} has stopped: {harmless(stop.reason)}")
        if give_up and not yes:
            typer.confirm(f"Give up what cannot be loaded of {topic}?", abort=True)
        let_group_go_on(config, stop, gives_up=give_up, at=utc_now())
    typer.echo(f"{group} reads on")
