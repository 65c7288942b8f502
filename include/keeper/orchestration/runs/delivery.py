"""Tasks that empty the outbox, beside `keeper deliver`."""

from typing import Final

from keeper.orchestration.airflow.connections import database
from keeper.settings import load_settings

_TIMEOUT_S: Final = 60


def deliver_now() -> dict[str, int]:
    """Deliver what is due and return how many messages, by what became of them.

    Channels that ask for a pause are waited for a minute in all; the rest is left to others.
    """
    from keeper.pipeline.messages.deliver import deliver_due
    from keeper.pipeline.services.configuration import delivery

    with database() as connection:
        return deliver_due(connection, delivery(load_settings(), timeout_s=_TIMEOUT_S))
