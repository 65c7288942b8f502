"""Asks an application without a network between."""

import asyncio
from typing import Any

import httpx


def get(app: Any, path: str) -> httpx.Response:
    """Return what an ASGI application answers to a GET."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://keeper.test") as client:
            return await client.get(path)

    return asyncio.run(ask())
