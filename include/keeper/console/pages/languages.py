"""Which language a page speaks to somebody nobody knows yet: what their browser asks for."""

from typing import Final

from babel import negotiate_locale
from starlette.requests import Request

from keeper.domain.users.languages import Language

_LONGEST: Final = 200


def language_asked_for(request: Request) -> Language:
    """Return the first language of `Accept-Language` that Keeper speaks; English for none."""
    return language_in(request.headers.get("accept-language", ""))


def language_in(accepted: str) -> Language:
    """Return the first language that Keeper speaks of what a header accepts."""
    asked = accepted[:_LONGEST].split(",")
    ranked = sorted((_ranked(one) for one in asked), key=lambda language: -language[1])
    wanted = [name for name, rank in ranked if rank > 0]
    found = negotiate_locale(wanted, [one.value for one in Language], sep="-")
    return Language.ENGLISH if found is None else Language(found)


def _ranked(asked: str) -> tuple[str, float]:
    """Return a language's name and its rank, `q` of RFC 9110; 0 for a rank that is none."""
    name, _, rank = asked.partition(";q=")
    try:
        return name.strip(), float(rank or 1)
    except ValueError:
        return name.strip(), 0.0
