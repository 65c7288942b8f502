"""Who may use a console that Airflow's API server mounts: Airflow's users, as Keeper's operators.

Airflow authenticates nobody for the applications of plugins: a mounted one answers whoever asks.
So everything that reaches the console passes here first. Somebody counts by the cookie of Airflow's
own session; whoever may look at DAGs may look, and whoever may start runs may change things too.
"""

from collections.abc import Mapping
from typing import Final

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user
from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY_REFUSED: Final = 1008


class AirflowUsersOnly:
    """Lets an application see requests of Airflow's users alone.

    An API token of Keeper's counts at Keeper's own console, and a WebSocket is none of the pages':
    both are refused here.
    """

    def __init__(self, app: ASGIApp, operator: str, state: str, name_state: str) -> None:
        """Wrap an application.

        Args:
            app: What is wrapped.
            operator: The address of the operator that Airflow's users act as.
            state: In which of a request's values the application finds it.
            name_state: In which it finds who it is at Airflow, for its audit log.
        """
        self._app = app
        self._vouched: Mapping[str, str] = {state: operator}
        self._name_state = name_state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI says."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": _POLICY_REFUSED})
        else:
            admitted = await _admitted(Request(scope))
            if isinstance(admitted, JSONResponse):
                await admitted(scope, receive, send)
                return
            name = {self._name_state: f"{admitted.get_name()} at Airflow"}
            scope["state"] = {**scope.get("state", {}), **self._vouched, **name}
            await self._app(scope, receive, send)


async def _admitted(request: Request) -> BaseUser | JSONResponse:
    """Return who asks this, or why they may not."""
    if "authorization" in request.headers:
        return _answer(401, "Here Airflow's session counts, and no token.")
    try:
        user = await get_user(request, None, None)
    except HTTPException as error:
        return _answer(error.status_code, "Sign in to Airflow first.")
    if not await run_in_threadpool(_may, user, request.method):
        return _answer(403, "Airflow does not let you do this.")
    return user


def _may(user: BaseUser, method: str) -> bool:
    manager = get_auth_manager()
    if method in _SAFE_METHODS:
        return manager.is_authorized_dag(method="GET", user=user)
    return manager.is_authorized_dag(method="POST", access_entity=DagAccessEntity.RUN, user=user)


def _answer(status: int, detail: str) -> JSONResponse:
    headers = {"Cache-Control": "no-store"}
    return JSONResponse({"title": detail, "status": status}, status_code=status, headers=headers)
