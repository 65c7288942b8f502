"""Rows of a batch of prices in PostgreSQL's binary COPY format.

Each field is its length, four bytes, and then its value; a length of -1 is NULL. The packers write
the fields of a whole row at once, for there are very many rows.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final

from keeper.stores.postgres.prices.batch import KnownSeries, Row

COPY_START: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""What PostgreSQL's binary COPY format begins with: signature, flags, no extension."""
COPY_END: Final = b"\xff\xff"
_ROWS_AT_ONCE: Final = 4_000
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def _struct(has_price: bool, has_shipping: bool) -> Struct:
    price, shipping = ("iq" if has_price else "i"), ("iq" if has_shipping else "i")
    return Struct(f">hiiiiiqiqiq{price}{shipping}i?")


_BOTH, _PRICE, _SHIPPING, _NEITHER = (
    _struct(price, shipping).pack
    for price, shipping in ((True, True), (True, False), (False, True), (False, False))
)


def binary_rows(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield rows of price_points in PostgreSQL's binary COPY format, some at a time.

    So PostgreSQL stores some while others are made ready.
    """
    parts = [COPY_START]
    add = parts.append
    for series_id, origin_id, observed_at, first, last, price, shipping, implausible in rows:
        observed_us, first_us = _microseconds(observed_at), _microseconds(first)
        last_us = first_us if last is first else _microseconds(last)
        start = (8, 4, series_id, 4, origin_id, 8, observed_us, 8, first_us, 8, last_us)
        if price is not None:
            if shipping is None:
                add(_PRICE(*start, 8, price, -1, 1, implausible))
            else:
                add(_BOTH(*start, 8, price, 8, shipping, 1, implausible))
        elif shipping is None:
            add(_NEITHER(*start, -1, -1, 1, implausible))
        else:
            add(_SHIPPING(*start, -1, 8, shipping, 1, implausible))
        if len(parts) == _ROWS_AT_ONCE:
            yield b"".join(parts)
            parts.clear()
    add(COPY_END)
    yield b"".join(parts)


_INTEGER: Final = Struct(">ii").pack
_LONG: Final = Struct(">iq").pack
_BOOLEAN: Final = Struct(">i?").pack
_NULL: Final = b"\xff\xff\xff\xff"
_FIELDS: Final = b"\x00\x0b"
"""Eleven."""


def binary_series(moved: Iterable[KnownSeries]) -> bytes:
    """Return rows of staged_series in PostgreSQL's binary COPY format."""
    parts = [COPY_START]
    for series in moved:
        origin = series.origin_id
        parts += (
            _FIELDS,
            _INTEGER(4, series.series_id),
            _time(series.newest_at),
            _time(series.observed_at),
            _long(series.price_minor),
            _long(series.shipping_minor),
            _BOOLEAN(1, series.implausible),
            _NULL if origin is None else _INTEGER(4, origin),
            _time(series.last_checked_at),
            _time(series.seen_at),
            _BOOLEAN(1, series.is_price_hidden),
            _time(series.due_from),
        )
    parts.append(COPY_END)
    return b"".join(parts)


def _long(value: int | None) -> bytes:
    return _NULL if value is None else _LONG(8, value)


def _time(moment: datetime | None) -> bytes:
    return _NULL if moment is None else _LONG(8, _microseconds(moment))


def _microseconds(moment: datetime) -> int:
    """Return a time as PostgreSQL stores it."""
    return (moment - _EPOCH) // _MICROSECOND
