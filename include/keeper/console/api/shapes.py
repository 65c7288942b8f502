"""Shapes that several subjects of the API share."""

import json
import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from inspect import signature
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from keeper.domain.locales import LOCALES
from keeper.domain.money import format_money
from keeper.domain.prices.types import PRICE_TYPES

_T = TypeVar("_T")
_LARGEST: Final = 2**63 - 1
_DOMAINS: Final = [locale.domain for locale in LOCALES]
_TYPES: Final = [one.name for one in PRICE_TYPES if one.is_price]
TEXT: Final = r"^[^\x00-\x1f\x7f]*$"
"""What people type holds no control characters."""
_DEEPEST: Final = 100
"""Levels of lists and objects in what others define; Keepa's selections have two."""
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def _domain(value: str) -> str:
    if value not in _DOMAINS:
        raise ValueError(f"none of {', '.join(_DOMAINS)}")
    return value


def _price_type(value: str) -> str:
    if value not in _TYPES:
        raise ValueError(f"none of {', '.join(_TYPES)}")
    return value


def _in_utc(value: datetime) -> datetime:
    """Return a moment in UTC: what lies outside its years no database gives back."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999 in UTC") from None


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what Python takes for JSON and PostgreSQL does not, however deep it stands.

    What is kept is answered with: pydantic writes nothing that is nested deeper than 255 levels.
    """
    if _is_deeper(value, _DEEPEST):
        raise ValueError("too many lists in lists")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        # Escapes can stand for halves of characters.
        text.encode()
    except ValueError:
        raise ValueError("no number, or half a character") from None
    if _NUL.search(text):
        raise ValueError("no text with U+0000")
    return value


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        within = (one.values() if isinstance(one, dict) else one for one in level)
        level = [part for parts in within for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True


Number = Annotated[int, Field(ge=1, le=_LARGEST)]
DOMAIN_SCHEMA: Final = {"enum": list(_DOMAINS)}
"""To be named again where a parameter has a description of its own, which replaces it."""
PRICE_TYPE_SCHEMA: Final = {"enum": list(_TYPES)}
Domain = Annotated[str, AfterValidator(_domain), Field(json_schema_extra={"enum": list(_DOMAINS)})]
PriceTypeName = Annotated[
    str, AfterValidator(_price_type), Field(json_schema_extra={"enum": list(_TYPES)})
]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$"),
]
STORABLE: Final = AfterValidator(_storable)
"""For objects of JSON whose members others define; after their lengths."""
GivenMoment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Moment = Annotated[datetime, Field(description="RFC 3339, UTC.")]


class Request(BaseModel):
    """A request's body: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(BaseModel):
    """A reply's body; later versions may have more fields."""

    model_config = ConfigDict(frozen=True)


class Money(Reply):
    """An amount of money."""

    minor: int = Field(description="In the currency's minor unit: 2499 is $24.99, 1980 is ¥1,980.")
    currency: str = Field(description="ISO 4217.", pattern="^[A-Z]{3}$")
    text: str = Field(description="For people: $24.99.")

    @classmethod
    def of_minor(cls, minor: int | None, currency: str) -> "Money | None":
        """Return an amount; None for none."""
        if minor is None:
            return None
        return cls(minor=minor, currency=currency, text=format_money(minor, currency))


def parameters(kind: Callable[..., _T]) -> Callable[..., Coroutine[Any, Any, _T]]:
    """Return a dependency that makes an object of the parameters of an address.

    FastAPI would make a class's in one of its few threads, for each request.

    Args:
        kind: A dataclass whose fields are the parameters.
    """

    async def make(**values: Any) -> _T:
        return kind(**values)

    make.__signature__ = signature(kind)  # type: ignore[attr-defined]
    return make
