"""No request of the console needs one of the few threads that FastAPI shares among all of them.

Whatever blocks there (forty threads by anyio's default) would hold every request up.
"""

from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from keeper.console.application import _api


def calls_of(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call is not None:
        yield dependant.call
    for one in dependant.dependencies:
        yield from calls_of(one)


def is_async(call: Callable[..., Any]) -> bool:
    if isinstance(call, type):
        return False
    return iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)


def in_threads(router: APIRouter) -> set[str]:
    """Return the endpoints and dependencies of a router that FastAPI calls in its threads."""
    return {
        getattr(call, "__qualname__", repr(call))
        for route in router.routes
        if isinstance(route, APIRoute)
        for call in calls_of(route.dependant)
        if not is_async(call)
    }


def test_no_endpoint_nor_dependency_is_called_in_fastapis_threads() -> None:
    api = _api()
    assert sum(isinstance(route, APIRoute) for route in api.routes) > 50
    assert in_threads(api) == set()


def test_one_that_is_is_found() -> None:
    router = APIRouter()

    class Filters:
        pass

    def number() -> int:
        return 1

    async def other(number: Annotated[int, Depends(number)]) -> int:
        return number

    @router.get("/")
    async def get(
        filters: Annotated[Filters, Depends()], other: Annotated[int, Depends(other)]
    ) -> None:
        """Do nothing."""

    @router.get("/sync")
    def get_sync() -> None:
        """Do nothing."""

    found = {name.rpartition(".")[2] for name in in_threads(router)}
    assert found == {"Filters", "number", "get_sync"}
