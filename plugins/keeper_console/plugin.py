"""Keeper in Airflow: the console at /keeper, an entry in the navigation, tabs at DAGs and runs."""

import logging
from functools import cached_property
from typing import Any, Final

from airflow.plugins_manager import AirflowPlugin

_LOG: Final = logging.getLogger(__name__)
_PATH: Final = "/keeper"
_APP: Final = f"{_PATH}/app"


class KeeperConsole(AirflowPlugin):
    """Mounts the console. Only the API server asks for the application, so no other makes it."""

    name = "keeper_console"
    external_views = [  # noqa: RUF012 - as Airflow declares it
        {"name": "Keeper", "href": f"{_APP}/", "destination": "nav", "url_route": "keeper"},
        {
            "name": "Keeper",
            "href": f"{_APP}/operations/runs?dag_id={{DAG_ID}}",
            "destination": "dag",
            "url_route": "keeper-runs",
        },
        {
            "name": "Keeper",
            "href": f"{_APP}/operations/runs/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "keeper-run",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """Return the console; none where Keeper's settings are wrong: Airflow serves without it."""
        from airflow.configuration import conf

        from keeper.console.assembly import hosted_console_by
        from keeper.console.serving.proxies import HOST_USER, VOUCHED_USER
        from keeper.errors import KeeperError
        from keeper.orchestration.airflow.hosting import AirflowUsersOnly
        from keeper.settings import load_settings

        try:
            settings = load_settings()
            app = hosted_console_by(settings, conf.get("api", "base_url").rstrip("/") + _PATH)
        except KeeperError as error:
            _LOG.error("Keeper's console is not mounted: %s", error)
            return []
        app.add_middleware(
            AirflowUsersOnly,
            operator=settings.people.user_email,
            state=VOUCHED_USER,
            name_state=HOST_USER,
        )
        return [{"app": app, "url_prefix": _PATH, "name": "Keeper"}]
