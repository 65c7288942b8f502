"""A lock that somebody holds is named, and waited for, on a real PostgreSQL."""

from contextlib import closing

import pytest

from keeper.stores.postgres import batch_writer
from keeper.stores.postgres.connection import PostgresConfig, StatementCanceledError, session
from keeper.stores.postgres.prices.writer import PriceWriter
from tests.price_events import price_event


def test_a_row_that_another_session_has_locked_is_named_and_costs_nothing(
    database: PostgresConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = batch_writer._LOADING.replace(f"{batch_writer.LOCK_TIMEOUT_S}s", "50ms")
    monkeypatch.setattr(batch_writer, "_LOADING", quick)
    with closing(PriceWriter(database)) as writer, session(database) as connection:
        writer.store([price_event(900)])
        with connection.transaction():
            connection.execute("SELECT FROM price_series FOR UPDATE")
            with pytest.raises(StatementCanceledError, match=r'"price_series"\); which one'):
                writer.store([price_event(800, hour=1)])

        writer.store([price_event(800, hour=1)])
        row = connection.execute("SELECT price_minor FROM price_series").fetchone()

    assert row is not None
    assert row["price_minor"] == 800
