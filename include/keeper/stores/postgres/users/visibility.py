"""Who may see what: decided here, and nowhere else.

Every query for the console takes a `Visibility`, and only `visible_to` makes one
(tests/architecture/test_visibility.py).
"""

from dataclasses import dataclass

from keeper.domain.users.access import Account


@dataclass(frozen=True, slots=True)
class Visibility:
    """Whose rows a query may return or change.

    Attributes:
        owner_id: The only user whose rows count; None for everybody's.
    """

    owner_id: int | None


def visible_to(account: Account) -> Visibility:
    """Return what a user may see: an operator everything, a reader only what is theirs."""
    return Visibility(None if account.is_operator else account.user_id)
