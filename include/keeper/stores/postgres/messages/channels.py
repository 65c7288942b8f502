"""Where users read, when they want to be reached, and what became of their alerts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from keeper.domain.messages.delivery_clock import DeliveryRules, known_zone
from keeper.domain.messages.queue import Address, ChannelKind, ChannelStatus, MessageStatus
from keeper.domain.plain_text import storable
from keeper.domain.users.languages import Language
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.watches.watch_list import ensure_user

_SQL: Final = "channels"


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A user's channel and what became of its messages.

    Attributes:
        to: Where it leads.
        is_active: Whether messages go there.
        sent: Messages it was sent.
        waiting: Messages that wait for it.
        failed: Messages it failed to take, or that found it not configured.
        unknown: Messages of which nobody knows whether they arrived.
        problem: Why it was paused, or what was said at the last attempt that did not succeed; None
            if the last one did.
    """

    to: Address
    is_active: bool
    sent: int
    waiting: int
    failed: int
    unknown: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RemovedChannel:
    """How many messages waited for a channel and are cancelled, and how many it had in all."""

    cancelled: int
    messages: int


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert as its user may look it up; the price in minor units, None without an offer."""

    alert_id: int
    asin: str
    domain: str
    price_type: str
    price_minor: int | None
    currency: str
    reason: str
    status: MessageStatus
    raised_at: datetime
    title: str | None
    channels: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class SnoozedWatch:
    """A watch that was snoozed or woken, and until when it had been snoozed before."""

    domain: str
    price_type: str
    before: datetime | None


@dataclass(frozen=True, slots=True)
class LinkedWatch:
    """The watch a link is about.

    Attributes:
        email: Its reader.
        asin: The product.
        domain: Its locale.
        price_type: Its price type.
        watched_since: When it was added, the last time if it had been removed.
        snoozed_until: None if it was never snoozed.
        time_zone: The zone its reader reads in.
        title: The product's; None until one is known.
        language: What its reader reads.
    """

    email: str
    asin: str
    domain: str
    price_type: str
    watched_since: datetime
    snoozed_until: datetime | None
    time_zone: str
    title: str | None
    language: Language


@dataclass(frozen=True, slots=True)
class LinkedChannel:
    """The channel a link is about, and what its reader reads."""

    email: str
    to: Address
    channel_since: datetime
    language: Language


def linked_watch(connection: Connection, number: int) -> LinkedWatch | None:
    """Return a watch by its number; None once it was removed."""
    row = connection.execute(statements(_SQL)["linked_watch"], {"number": number}).fetchone()
    if row is None:
        return None
    language = Language(row["language"])
    return LinkedWatch(**row | {"time_zone": known_zone(row["time_zone"]), "language": language})


def linked_channel(connection: Connection, number: int) -> LinkedChannel | None:
    """Return a channel by its number; None if there is none."""
    row = connection.execute(statements(_SQL)["linked_channel"], {"number": number}).fetchone()
    if row is None:
        return None
    to = Address(ChannelKind(row["kind"]), row["address"])
    return LinkedChannel(row["email"], to, row["channel_since"], Language(row["language"]))


def list_channels(connection: Connection, email: str) -> list[KnownChannel]:
    """Return a user's channels in the order they were added."""
    rows = connection.execute(statements(_SQL)["list_channels"], {"email": email})
    return [known_channel(row) for row in rows]


def known_channel(row: Mapping[str, Any]) -> KnownChannel:
    """Return a channel with what became of its messages, as queries give it."""
    return KnownChannel(
        Address(ChannelKind(row["kind"]), row["address"]),
        row["status"] == ChannelStatus.ACTIVE,
        row["sent"],
        row["waiting"],
        row["failed"],
        row["unknown"],
        row["problem"],
    )


def save_channel(connection: Connection, email: str, to: Address) -> bool:
    """Let a user read there too; return whether that is new."""
    with connection.transaction():
        row = {"user_id": ensure_user(connection, email), **_key(to)}
        saved = connection.execute(statements(_SQL)["save_channel"], row).fetchone()
        if saved is not None:
            connection.execute(statements(_SQL)["end_pause_notice"], saved)
    return bool(saved and saved["is_new"])


def set_channel_active(connection: Connection, email: str, to: Address, *, active: bool) -> bool:
    """Use a channel or not; return whether the user has it.

    What waits for a channel that is not used any more is dropped: nobody wants it weeks later.
    """
    status = ChannelStatus.ACTIVE if active else ChannelStatus.PAUSED
    row = {"email": email, "status": status.value, **_key(to)}
    with connection.transaction():
        found = connection.execute(statements(_SQL)["set_channel_status"], row).fetchone()
        if found is not None and not active:
            _drop_messages(connection, found["channel_id"])
    return found is not None


@dataclass(frozen=True, slots=True)
class ChannelReader:
    """Who reads what comes by a channel.

    Attributes:
        email: The address that identifies them.
        language: What they read.
    """

    email: str
    language: Language


def pause_for_good(connection: Connection, channel_id: int, because: str) -> ChannelReader | None:
    """Pause a channel whose address is gone, and drop what waits for it.

    Args:
        connection: Where channels are.
        channel_id: The channel.
        because: What its provider says.

    Returns:
        Whose it is; None if the channel was not active any more.
    """
    row = {"channel_id": channel_id, "because": storable(because)}
    with connection.transaction():
        found = connection.execute(statements(_SQL)["pause_for_good"], row).fetchone()
        if found is not None:
            _drop_messages(connection, channel_id)
    return None if found is None else ChannelReader(found["email"], Language(found["language"]))


def active_kinds(connection: Connection, email: str) -> set[ChannelKind]:
    """Return by which kinds of channels a user is reached."""
    rows = connection.execute(statements(_SQL)["active_kinds"], {"email": email})
    return {ChannelKind(row["kind"]) for row in rows}


def _drop_messages(connection: Connection, channel_id: int) -> int:
    """Cancel the pending messages of a channel and return how many there were."""
    rows = connection.execute(statements(_SQL)["drop_messages"], {"channel_id": channel_id})
    ids = [message["message_id"] for message in rows.fetchall()]
    connection.execute(statements("outbox")["sum_up"], {"message_ids": ids})
    return len(ids)


def remove_channel(connection: Connection, email: str, to: Address) -> RemovedChannel | None:
    """Delete a user's channel with its messages; None if the user does not have it.

    What waits for it is cancelled first, as when it is paused, so that its alerts get the status
    that their other channels give them. What is being sent at that moment may still arrive. Blocks
    while a message is being queued, and new ones wait for it: a loader that still knew the channel
    would fail.
    """
    with connection.transaction():
        connection.execute(statements(_SQL)["wait_for_messages"])
        row = {"email": email, **_key(to)}
        found = connection.execute(statements(_SQL)["lock_channel"], row).fetchone()
        if found is None:
            return None
        cancelled = _drop_messages(connection, found["channel_id"])
        connection.execute(statements(_SQL)["close_alerts_of"], found)
        deleted = connection.execute(statements(_SQL)["delete_channel"], found).fetchone()
    return RemovedChannel(cancelled, deleted["messages"] if deleted else 0)


def delivery_rules(connection: Connection, email: str) -> DeliveryRules:
    """Return when a user wants to be reached; the defaults for one nobody knows yet."""
    row = connection.execute(statements(_SQL)["rules_of"], {"email": email}).fetchone()
    return DeliveryRules(**row) if row else DeliveryRules()


def zone_of(connection: Connection, email: str) -> str:
    """Return the time zone a user reads in, UTC for one who has set none that is known here."""
    return known_zone(delivery_rules(connection, email).time_zone)


def save_delivery_rules(connection: Connection, email: str, rules: DeliveryRules) -> None:
    """Set when a user wants to be reached; what was held is looked at again."""
    with connection.transaction():
        user_id = ensure_user(connection, email)
        row = {"user_id": user_id, **asdict(rules)}
        connection.execute(statements(_SQL)["save_rules"], row)
        connection.execute(statements(_SQL)["wake_held"], row)


def snooze_user(connection: Connection, email: str, until: datetime | None) -> datetime | None:
    """Hold all alerts of a user until a time, None to let them out; return the former time."""
    with connection.transaction():
        rules = delivery_rules(connection, email)
        save_delivery_rules(connection, email, replace(rules, snoozed_until=until))
    return rules.snoozed_until


def snooze_watches(
    connection: Connection,
    email: str,
    asin: str,
    until: datetime | None,
    *,
    domain: str | None,
    price_type: str | None = None,
) -> list[SnoozedWatch]:
    """Hold the alerts of a product until a time, None to let them out; return its watches."""
    row = {
        "email": email,
        "asin": asin,
        "until": until,
        "domain": domain,
        "price_type": price_type,
    }
    with connection.transaction():
        found = connection.execute(statements(_SQL)["snooze_watches"], row).fetchall()
        if found:
            owner = {"user_id": found[0]["user_id"]}
            connection.execute(statements(_SQL)["wake_held"], owner)
    return [SnoozedWatch(row["domain"], row["price_type"], row["before"]) for row in found]


def list_alerts(
    connection: Connection,
    email: str,
    *,
    most: int = 50,
    domain: str | None = None,
    since: datetime | None = None,
) -> list[KnownAlert]:
    """Return a user's latest alerts, the newest first; of one locale or since a time if given."""
    row = {"email": email, "most": most, "domain": domain, "since": since}
    rows = connection.execute(statements(_SQL)["list_alerts"], row)
    return [KnownAlert(**row | {"status": MessageStatus(row["status"])}) for row in rows]


def acknowledge(connection: Connection, email: str, alert_id: int) -> Mapping[str, Any] | None:
    """Note that a user has seen an alert: what is not delivered yet is not, nor further drops.

    Returns:
        How many deliveries were `dropped`; None if the user has no such alert.
    """
    return connection.execute(
        statements(_SQL)["acknowledge"], {"email": email, "alert_id": alert_id}
    ).fetchone()


def _key(to: Address) -> dict[str, str]:
    return {"kind": to.kind.value, "address": to.address}
