"""What became of alerts and messages, as a program asks for it: only what its user may see."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from keeper.domain.messages.queue import DeliveryStatus, MessageStatus
from keeper.domain.users.access import Account
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.channels import acknowledge
from keeper.stores.postgres.messages.message_pages import (
    AlertFilter,
    DeliveryFilter,
    MessageFilter,
    PagedAlert,
    PagedDelivery,
    PagedMessage,
    alert_page,
    count_alerts,
    count_messages,
    delivery_page,
    message_page,
)
from keeper.stores.postgres.users.visibility import Visibility, visible_to

__all__ = [
    "AlertFilter",
    "AlertWithMessages",
    "DeliveryFilter",
    "DeliveryStatus",
    "MessageFilter",
    "MessageStatus",
    "NotThereError",
    "PagedAlert",
    "PagedDelivery",
    "PagedMessage",
    "acknowledge_alert",
    "alert_of",
    "alerts_of",
    "count_alerts_of",
    "count_messages_of",
    "deliveries_of",
    "message_of",
    "messages_of",
]

_MOST_ATTEMPTS = 500


class NotThereError(LookupError):
    """There is no such thing, or none that the user may see; they cannot learn which."""


@dataclass(frozen=True, slots=True)
class AlertWithMessages:
    """An alert with its message for each channel."""

    alert: PagedAlert
    messages: tuple[PagedMessage, ...]


def alerts_of(
    connection: Connection, account: Account, where: AlertFilter, *, before: int | None, most: int
) -> list[AlertWithMessages]:
    """Return a page of the alerts a user may see, the newest first, before an alert's number."""
    visibility = visible_to(account)
    found = alert_page(connection, visibility, where, before=before, most=most)
    return _with_messages(connection, visibility, found)


def count_alerts_of(connection: Connection, account: Account, where: AlertFilter) -> int:
    """Return how many alerts are asked for of those a user may see; 10,001 for more than 10,000."""
    return count_alerts(connection, visible_to(account), where)


def alert_of(connection: Connection, account: Account, alert_id: int) -> AlertWithMessages:
    """Return an alert.

    Raises:
        NotThereError: The user may see no such alert.
    """
    where = AlertFilter(alert_id=alert_id)
    for found in alerts_of(connection, account, where, before=None, most=1):
        return found
    raise NotThereError(f"there is no alert {alert_id}")


def acknowledge_alert(
    connection: Connection, account: Account, alert_id: int
) -> tuple[AlertWithMessages, int]:
    """Say that an alert was seen: what is not delivered yet is not, nor are further drops.

    Returns:
        The alert, and how many messages were dropped.

    Raises:
        NotThereError: The user may see no such alert.
    """
    with connection.transaction():
        found = alert_of(connection, account, alert_id)
        done = acknowledge(connection, found.alert.email, alert_id)
        if done is None:
            raise NotThereError(f"there is no alert {alert_id}")
        return alert_of(connection, account, alert_id), int(done["dropped"])


def messages_of(
    connection: Connection, account: Account, where: MessageFilter, *, before: int | None, most: int
) -> list[PagedMessage]:
    """Return a page of the messages a user may see, the newest first, before a message's number."""
    return message_page(connection, visible_to(account), where, before=before, most=most)


def count_messages_of(connection: Connection, account: Account, where: MessageFilter) -> int:
    """Return how many messages are asked for of those a user may see; 10,001 for more."""
    return count_messages(connection, visible_to(account), where)


def message_of(
    connection: Connection, account: Account, message_id: int
) -> tuple[PagedMessage, list[PagedDelivery]]:
    """Return a message with the attempts to deliver it, the newest first.

    Raises:
        NotThereError: The user may see no such message.
    """
    visibility = visible_to(account)
    for found in message_page(connection, visibility, MessageFilter(message_id=message_id)):
        where = DeliveryFilter(message_id=message_id)
        return found, delivery_page(connection, visibility, where, most=_MOST_ATTEMPTS)
    raise NotThereError(f"there is no message {message_id}")


def deliveries_of(
    connection: Connection,
    account: Account,
    where: DeliveryFilter,
    *,
    before: int | None,
    most: int,
) -> list[PagedDelivery]:
    """Return a page of the attempts a user may see, the newest first, before an attempt's."""
    return delivery_page(connection, visible_to(account), where, before=before, most=most)


def _with_messages(
    connection: Connection, visibility: Visibility, alerts: Iterable[PagedAlert]
) -> list[AlertWithMessages]:
    found = list(alerts)
    where = MessageFilter(alert_ids=[alert.alert_id for alert in found])
    # An alert has one for each channel of its reader.
    messages = message_page(connection, visibility, where, most=_MOST_ATTEMPTS * (len(found) or 1))
    of_alert: defaultdict[int | None, list[PagedMessage]] = defaultdict(list)
    for message in reversed(messages):
        of_alert[message.alert_id].append(message)
    return [AlertWithMessages(alert, tuple(of_alert[alert.alert_id])) for alert in found]
