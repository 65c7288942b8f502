"""Keepa's client with every request in the token ledger."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from keeper.errors import TransientError
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.tokens.ledger import TokenLedger

_LOG: Final = logging.getLogger(__name__)


def account_of(config: KeepaConfig) -> str:
    """Return the fingerprint by which the ledger knows a key, the same for equal keys only.

    The address counts too: the simulator at two addresses has two balances.
    """
    text = f"{config.base_url}\n{config.api_key.get_secret_value()}"
    return f"{config.source}:{blake2b(text.encode(), digest_size=8, person=b'keeper').hexdigest()}"


@dataclass(frozen=True, slots=True)
class KeepaAccount:
    """A client and the ledger that sets its tokens aside."""

    client: KeepaClient
    ledger: TokenLedger


@contextmanager
def keepa_account(
    config: KeepaConfig, connection: Connection, run: str | None
) -> Iterator[KeepaAccount]:
    """Give a client for the block that spends only tokens the ledger has set aside.

    An account the ledger does not know yet is asked for its balance first, which costs nothing.

    Args:
        config: Where Keepa is, and the key.
        connection: The ledger's own from now on.
        run: Keeper's id of the run that spends the tokens, None outside runs.

    Raises:
        TerminalError: Keepa refuses the key.
    """
    ledger = TokenLedger(connection, account=account_of(config), run=run)
    with KeepaClient(config, budget=ledger) as client:
        if ledger.reading() is None:
            try:
                client.token_status()
            except TransientError as error:
                _LOG.warning("the balance is not known yet: %s", error)
        yield KeepaAccount(client, ledger)
