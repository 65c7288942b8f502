"""The command that serves the console."""

from typing import Annotated

import typer

from keeper.cli.options import HostOption

_PARTS = ("postgres", "kafka", "elasticsearch")


def console(
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
) -> None:
    """Serve the pages behind the links in messages: snooze, stop watching, unsubscribe.

    With the simulator also its pictures of products, at /img/NAME.

    Needs KEEPER_PUBLIC_URL, where readers reach it, and KEEPER_LINK_SECRET.
    Example: keeper console --port 8000
    """
    import uvicorn

    from keeper.console.app import make_app
    from keeper.errors import SettingsError
    from keeper.pipeline.services.configuration import links, postgres_config, simulated_pictures
    from keeper.pipeline.services.health import health_of, recent
    from keeper.settings import load_settings

    settings = load_settings()
    signed = links(settings)
    if signed is None:
        raise SettingsError(
            "set KEEPER_PUBLIC_URL and KEEPER_LINK_SECRET: without them messages have no links"
        )
    app = make_app(
        postgres_config(settings),
        signed,
        recent(lambda: health_of(settings, _PARTS)),
        picture=simulated_pictures(settings),
    )
    # Paths of requests hold signed links.
    uvicorn.run(app, host=host, port=port, access_log=False)
