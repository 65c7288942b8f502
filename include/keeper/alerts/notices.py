"""Notices to the operator, as messages."""

from keeper.alerts.formats import moment
from keeper.alerts.message import Message
from keeper.domain.messages.queue import QueuedNotice


def notice_message(queued: QueuedNotice) -> Message:
    """Write a notice; a reminder says since when the trouble lasts."""
    notice = queued.notice
    is_reminder = notice.since < notice.raised_at
    since = moment(notice.since, queued.rules.time_zone)
    times = f", seen {notice.times} times" if notice.times > 1 else ""
    return Message(
        key=f"notice-{notice.notice_id}",
        subject=f"Keeper: {notice.subject}{', still' if is_reminder else ''}",
        lead=f"{notice.subject}, since {since}{times}" if is_reminder else notice.subject,
        sections=(),
        made_at=notice.raised_at,
        closing=notice.details,
    )
