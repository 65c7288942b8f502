"""Who watches live, and what they are sent of what changes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto

from keeper.domain.users.access import Identity
from keeper.pipeline.users.sign_in import identify_address, identify_session, identify_token
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_pages import watched_products


class ProofKind(StrEnum):
    """What a proof is: an API token, a session's secret, or an address a proxy vouches for."""

    TOKEN = auto()
    SESSION = auto()
    ADDRESS = auto()


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """By what somebody has proven who they are."""

    kind: ProofKind
    text: str


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
    identity = _identify(connection, proof, at, operators)
    if identity is None:
        return None
    return Viewer(identity, watched_products(connection, visible_to(identity.account)))


def _identify(
    connection: Connection, proof: Proof, at: datetime, operators: Collection[str]
) -> Identity | None:
    if proof.kind is ProofKind.ADDRESS:
        return identify_address(connection, proof.text, operators=operators)
    identify = identify_token if proof.kind is ProofKind.TOKEN else identify_session
    return identify(connection, proof.text, at=at, operators=operators)
