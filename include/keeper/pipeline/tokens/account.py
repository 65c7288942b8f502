"""Keepa's tokens as operators ask for them: balance, what they went to, what comes next."""

from dataclasses import dataclass
from datetime import datetime

from keeper.domain.tokens.candidates import RequestPolicy
from keeper.domain.tokens.plan import TokenPlan
from keeper.domain.users.access import Account
from keeper.pipeline.prices.plan import plan_by_ledger
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.tokens.accounts import TokenAccount, token_accounts
from keeper.stores.postgres.tokens.ledger import TokenLedger, TokenUse

__all__ = ["TokenAccount", "TokenBalance", "TokenPlan", "TokenUse", "balances_of", "plan_of_next"]


@dataclass(frozen=True, slots=True)
class TokenBalance:
    """An account, and what its tokens went to, the dearest endpoint first."""

    account: TokenAccount
    spent: list[TokenUse]


def balances_of(connection: Connection, account: Account, *, since: datetime) -> list[TokenBalance]:
    """Return each account's balance as Keepa last reported it, and what was spent since a moment.

    Keepa is not asked. The account in use is the first; nothing for who is no operator.
    """
    known = token_accounts(connection) if account.is_operator else []
    return [
        TokenBalance(one, TokenLedger(connection, account=one.account, run=None).spent_since(since))
        for one in known
    ]


def plan_of_next(
    connection: Connection,
    account: Account,
    *,
    at: datetime,
    policy: RequestPolicy,
    reserve_share: float,
) -> TokenPlan | None:
    """Return what the next price run would check, by the balance last reported.

    None before Keepa has reported any, and for who is no operator.
    """
    known = token_accounts(connection) if account.is_operator else []
    if not known:
        return None
    return plan_by_ledger(
        connection,
        TokenLedger(connection, account=known[0].account, run=None),
        at=at,
        policy=policy,
        reserve_share=reserve_share,
        is_simulated=known[0].is_simulated,
    )
