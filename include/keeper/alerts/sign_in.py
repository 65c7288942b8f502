"""The mail with a link to sign in."""

from datetime import datetime

from keeper.alerts.message import Link, Message
from keeper.alerts.words import words_in
from keeper.domain.users.languages import Language
from keeper.domain.users.links import LINK_LIFETIME


def sign_in_message(
    link_id: int, url: str, at: datetime, language: Language = Language.ENGLISH
) -> Message:
    """Write the mail; the link itself shows in no Message-ID."""
    words = words_in(language)
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    return Message(
        key=f"sign-in-{link_id}",
        subject=words.sign_in_subject,
        lead=words.counted(words.sign_in_lead, minutes),
        sections=(),
        made_at=at,
        closing=words.sign_in_closing,
        actions=(Link(words.sign_in_link, url),),
        language=language,
    )
