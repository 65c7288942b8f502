"""Every account of Keepa's that the ledger knows."""

from dataclasses import dataclass
from typing import Final

from keeper.domain.tokens.balance import TokenReading
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "operation_pages"
_SIMULATED: Final = "simulator:"


@dataclass(frozen=True, slots=True)
class TokenAccount:
    """An account: its fingerprint, the balance last reported, and what is kept back of it."""

    account: str
    reading: TokenReading
    reserve: int

    @property
    def is_simulated(self) -> bool:
        """Whether it is the simulator's."""
        return self.account.startswith(_SIMULATED)


def token_accounts(connection: Connection) -> list[TokenAccount]:
    """Return the accounts, the one whose balance was reported last first."""
    found = []
    for row in connection.execute(statements(_SQL)["accounts"]):
        values = dict(row)
        account, reserve = values.pop("account"), values.pop("reserve")
        found.append(TokenAccount(account, TokenReading(**values), reserve))
    return found
