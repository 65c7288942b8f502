"""Who watches live, and what they are sent of what changes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Final

from keeper.domain.users.access import Identity
from keeper.domain.users.secrets import digest_of, new_secret
from keeper.pipeline.users.sign_in import identify_address, identify_session, identify_token
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users import sign_in as stored
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_pages import watched_products

TICKET_LIFETIME: Final = timedelta(seconds=30)


class ProofKind(StrEnum):
    """What a proof is: an API token, a session's secret, or an address a proxy vouches for.

    A ticket stands for what it was made by, of which only the digest is known.
    """

    TOKEN = auto()
    SESSION = auto()
    ADDRESS = auto()
    DIGEST_OF_TOKEN = auto()
    DIGEST_OF_SESSION = auto()


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


@dataclass(frozen=True, slots=True, repr=False)
class Ticket:
    """A ticket to watch live, good once; it is kept nowhere but by its digest."""

    text: str
    expires_at: datetime


def make_ticket(connection: Connection, identity: Identity, *, at: datetime) -> Ticket:
    """Return a ticket for who has proven who they are: good once, for half a minute."""
    ticket = Ticket(new_secret(), at + TICKET_LIFETIME)
    digest = digest_of(ticket.text)
    stored.add_ticket(connection, identity, digest, at=at, expires_at=ticket.expires_at)
    return ticket


def proof_of_ticket(connection: Connection, text: str, *, at: datetime) -> Proof | None:
    """Use a ticket up and return the proof it stands for; None if it is worth nothing."""
    maker = stored.use_ticket(connection, digest_of(text), at)
    if maker is None:
        return None
    if maker.token is not None:
        return Proof(ProofKind.DIGEST_OF_TOKEN, maker.token.hex())
    if maker.session is not None:
        return Proof(ProofKind.DIGEST_OF_SESSION, maker.session.hex())
    return Proof(ProofKind.ADDRESS, maker.email)


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
    if proof.kind is ProofKind.DIGEST_OF_TOKEN:
        return stored.find_token(connection, bytes.fromhex(proof.text), at, operators)
    if proof.kind is ProofKind.DIGEST_OF_SESSION:
        return stored.find_session(connection, bytes.fromhex(proof.text), at, operators)
    identify = identify_token if proof.kind is ProofKind.TOKEN else identify_session
    return identify(connection, proof.text, at=at, operators=operators)
