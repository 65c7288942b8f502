"""In which language the API says why: the sentences that Keeper has stored in English."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Header, Response

from keeper.console.pages.languages import language_in
from keeper.domain.users.languages import Language


async def _spoken(
    response: Response,
    accept_language: Annotated[
        str | None,
        Header(description="What reasons are said in: en or de. All else is English."),
    ] = None,
) -> Language:
    response.headers["Vary"] = "Accept-Language"
    return language_in(accept_language or "")


Spoken: TypeAlias = Annotated[Language, Depends(_spoken)]
