"""Who watches live, and what they are sent of what changes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from keeper.domain.users.access import Identity
from keeper.pipeline.users.sign_in import identify_session, identify_token
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_pages import watched_products


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """By what somebody has proven who they are: an API token or a session's secret."""

    secret: str
    is_token: bool


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who watches live.

    Attributes:
        identity: Who.
        products: `locale/ASIN` of what they watch; None for an operator, who sees everything.
    """

    identity: Identity
    products: frozenset[str] | None


def viewer_of(
    connection: Connection, proof: Proof, *, at: datetime, operators: Collection[str]
) -> Viewer | None:
    """Return who watches and what they may see; None if the proof is worth nothing any more."""
    identify = identify_token if proof.is_token else identify_session
    identity = identify(connection, proof.secret, at=at, operators=operators)
    if identity is None:
        return None
    return Viewer(identity, watched_products(connection, visible_to(identity.account)))
