"""What `--json` prints: an array of objects, the same in every command.

Fields are named as in the database. Times are ISO 8601 in UTC. An amount in minor units, whose name
ends in `_minor`, has the same in the currency's main unit beside it. What is unknown is null.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Final, Protocol

import typer

_MINOR: Final = "_minor"


class Listed(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def record_of(
    item: Listed, *, currency: str | None = None, without: Sequence[str] = ()
) -> dict[str, object]:
    """Return the fields of what a command lists, for `print_records`.

    Args:
        item: What it lists.
        currency: In which its amounts are; by default its own field `currency`.
        without: Fields to leave out.
    """
    found = {field.name: getattr(item, field.name) for field in fields(item)}
    return with_amounts(
        {name: value for name, value in found.items() if name not in without},
        currency or found.get("currency"),
    )


def with_amounts(record: Mapping[str, object], currency: str | None) -> dict[str, object]:
    """Return a record with each amount in minor units also in the currency's main unit."""
    from keeper.domain.money import to_major

    whole: dict[str, object] = {}
    for name, value in record.items():
        whole[name] = value
        if name.endswith(_MINOR):
            if isinstance(value, int) and currency is not None:
                whole[name.removesuffix(_MINOR)] = to_major(value, currency)
            else:
                whole[name.removesuffix(_MINOR)] = None
    return whole


def print_records(records: Iterable[Mapping[str, object]]) -> None:
    """Print records as a JSON array; nothing in it steers a terminal."""
    text = json.dumps([_plain(record) for record in records], ensure_ascii=False, indent=2)
    typer.echo(harmless_json(text))


def harmless_json(text: str) -> str:
    """Return JSON with whatever could steer a terminal escaped as JSON does; it says the same."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _plain(value: object) -> object:
    """Return what JSON has for a value."""
    if isinstance(value, Enum):
        return value.value if isinstance(value, str) else value.name
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # Exact: no amount has more than fifteen digits.
        return int(value) if value == value.to_integral_value() else float(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(record_of(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value
