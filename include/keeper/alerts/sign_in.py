"""The mail with a link to sign in."""

from datetime import datetime

from keeper.alerts.message import Link, Message
from keeper.domain.users.links import LINK_LIFETIME


def sign_in_message(link_id: int, url: str, at: datetime) -> Message:
    """Write the mail; the link itself shows in no Message-ID."""
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    return Message(
        key=f"sign-in-{link_id}",
        subject="Keeper: sign in",
        lead=f"Open this link within {minutes} minutes to sign in to Keeper; it works once.",
        sections=(),
        made_at=at,
        closing="If you did not ask for it, do nothing: the link alone signs nobody in.",
        actions=(Link("Sign in", url),),
    )
