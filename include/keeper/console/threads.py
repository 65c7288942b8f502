"""Waiting for work that a thread does, for so long and no longer."""

import asyncio
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")


class TooLateError(Exception):
    """Work has not ended in its time.

    Attributes:
        has_begun: Whether a thread does it, and goes on with it; else it is never done.
    """

    def __init__(self, *, has_begun: bool) -> None:
        """Say which."""
        super().__init__("it has not ended in its time")
        self.has_begun = has_begun


async def result_within(doing: "Future[_T]", seconds: float) -> _T:
    """Return what work gives.

    Raises:
        TooLateError: It takes longer than so many seconds.
        Exception: What the work raises.
    """
    result = asyncio.wrap_future(doing)
    try:
        await asyncio.wait([result], timeout=seconds)
        if result.done():
            return result.result()
        raise TooLateError(has_begun=not doing.cancel())
    finally:
        # Whoever has left it does not want its error in the log either.
        result.cancel()
