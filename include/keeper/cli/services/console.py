"""The commands of the console: serving it, and a link to sign in to it."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import HostOption

if TYPE_CHECKING:
    from fastapi import FastAPI

    from keeper.settings import Settings

_PARTS = ("postgres", "kafka", "elasticsearch")
app = typer.Typer(invoke_without_command=True)


@app.callback()
def console(
    context: typer.Context,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
) -> None:
    """Serve the API, with its documentation at /docs, and the pages behind the links in messages.

    With the simulator also its pictures of products, at /img/NAME.

    Messages have links where KEEPER_PUBLIC_URL, where readers reach it, and KEEPER_LINK_SECRET are
    set. Example: keeper console --port 8000
    """
    if context.invoked_subcommand is not None:
        return
    import uvicorn

    from keeper.settings import load_settings

    # Paths of requests hold signed links.
    uvicorn.run(_application(load_settings()), host=host, port=port, access_log=False)


def _application(settings: "Settings") -> "FastAPI":
    from keeper.alerts.links import Links
    from keeper.console.app import make_app
    from keeper.console.application import make_console
    from keeper.console.context import ConsoleContext
    from keeper.console.database import ConsoleDatabase
    from keeper.console.operations import ConsoleKafka, Operations
    from keeper.domain.prices.age import stale_after
    from keeper.domain.prices.types import price_type_of
    from keeper.domain.users.secrets import new_secret
    from keeper.pipeline.services.configuration import (
        kafka_config,
        links,
        postgres_config,
        simulated_pictures,
    )
    from keeper.pipeline.services.health import health_of, recent
    from keeper.pipeline.users.accounts import operators_of
    from keeper.pipeline.users.mails import mail_sender

    policy = settings.runs.request_policy
    database = postgres_config(settings)
    ask_health = recent(lambda: health_of(settings, _PARTS))
    context = ConsoleContext(
        database=ConsoleDatabase(database),
        operators=operators_of(settings),
        public_url=settings.links.public_url,
        allows_insecure_cookie=settings.console.insecure_cookie,
        send_mail=mail_sender(settings),
        old_after=lambda name: stale_after(policy.interval_of(price_type_of(name).detail)),
        operations=Operations(
            kafka=ConsoleKafka(kafka_config(settings)),
            ask_health=ask_health,
            policy=policy,
            reserve_share=settings.runs.token_reserve,
        ),
    )
    pages = make_app(
        database,
        # Without a secret in the settings messages have no links, so that none is of this one.
        links(settings) or Links("", [new_secret()]),
        ask_health,
        picture=simulated_pictures(settings),
    )
    return make_console(context, pages.routes)
