"""E-mail over SMTP."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from keeper.alerts.channels.mail_address import mail_address
from keeper.alerts.channels.refusals import CLOSED, GONE, THIS_MESSAGE, failed
from keeper.alerts.channels.smtp import MAIL_PROBLEMS, NoUtf8Error, SmtpConfig, connect_to, transfer
from keeper.alerts.channels.smtp_results import failed_mail
from keeper.alerts.message import Message
from keeper.alerts.photos import Photo, PhotoHost
from keeper.alerts.texts import as_page, as_text
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

_MOST_PHOTO_BYTES: Final = 3_000_000
"""Of all pictures of products in a mail; some servers take no mail of more than 10 MB."""


class EmailChannel:
    """Sends messages by mail."""

    def __init__(self, config: SmtpConfig, photos: PhotoHost | None = None) -> None:
        """Send through `config`, with the pictures that `photos` has; None for mail without."""
        self._config = config
        self._photos = photos

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once to hand a message to the mail server; blocks up to the limits of `config`.

        Pictures of products may take two seconds more.
        """
        config = self._config
        urls = [section.image_url for section in message.sections if section.image_url]
        photos = {} if self._photos is None else self._photos.fetch(urls)
        try:
            sender = mail_address(parseaddr(config.sender)[1])
        except ValueError as error:
            return failed(CLOSED, f"cannot be sent: {error}", "check KEEPER_MAIL_FROM")
        try:
            reader = mail_address(address)
        except ValueError as error:
            return failed(GONE, f"cannot be addressed: {error}", "check the address")
        utf8 = reader.needs_utf8 or sender.needs_utf8
        try:
            mail = mail_of(message, address, config.sender, photos)
            content = mail.as_bytes(policy=SMTP.clone(utf8=utf8))
        except ValueError as error:
            return failed(THIS_MESSAGE, f"cannot be written: {error}")
        try:
            server = connect_to(config)
            try:
                transfer(server, str(sender), str(reader), content, utf8=utf8)
            finally:
                server.leave()
        except MAIL_PROBLEMS as error:
            if isinstance(error, NoUtf8Error) and sender.needs_utf8:
                lacks = "the mail server lacks SMTPUTF8, which the sender's address needs"
                return failed(CLOSED, lacks, "set KEEPER_MAIL_FROM to an address of ASCII letters")
            return failed_mail(error, config)
        return DeliveryResult(DeliveryStatus.SENT, f"accepted by {config.host}")


def mail_of(
    message: Message, address: str, sender: str, photos: Mapping[str, Photo] | None = None
) -> EmailMessage:
    """Return a message as mail; its Message-ID is the same at every attempt.

    Args:
        message: What is sent.
        address: To whom.
        sender: From whom, with or without a name.
        photos: The pictures it carries, by the addresses in its sections; of more than 3 MB those
            that come first. Nothing in it is loaded from elsewhere.

    Raises:
        ValueError: The sender's or the recipient's address is not one.
    """
    name, text = parseaddr(sender)
    own = mail_address(text)
    host = own.domain
    mail = EmailMessage()
    mail["From"] = own.header(name)
    mail["To"] = mail_address(address).header()
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.made_at)
    mail["Message-ID"] = f"<keeper-{message.key}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.alert_ids:
        mail["X-Keeper-Alerts"] = ", ".join(map(str, message.alert_ids))
    by_mail = f"<mailto:{own}?subject=unsubscribe>"
    if message.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>, {by_mail}"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        mail["List-Unsubscribe"] = by_mail
    mail.set_content(as_text(message))
    count = range(len(message.sections))
    charts = [f"chart-{index}.{message.key}@{host}" for index in count]
    carried = _carried([section.image_url for section in message.sections], photos or {})
    shown = [f"photo-{i}.{message.key}@{host}" if carried[i] else None for i in count]
    mail.add_alternative(as_page(message, charts, shown), subtype="html")
    page = mail.get_body(("html",))
    for place, section in enumerate(message.sections):
        chart, photo, identity = section.chart, carried[place], shown[place]
        if chart is not None:
            _attach(page, Photo(chart.png, "png"), charts[place], "price")
        if photo is not None and identity is not None:
            _attach(page, photo, identity, "product")
    return mail


def _carried(urls: Sequence[str | None], photos: Mapping[str, Photo]) -> list[Photo | None]:
    """Return the picture of each section that has one, while there is room in the mail."""
    carried: list[Photo | None] = []
    left = _MOST_PHOTO_BYTES
    for url in urls:
        photo = photos.get(url or "")
        if photo is not None and len(photo.content) > left:
            photo = None
        left -= 0 if photo is None else len(photo.content)
        carried.append(photo)
    return carried


def _attach(page: MIMEPart | None, photo: Photo, identity: str, name: str) -> None:
    if page is not None:
        page.add_related(
            photo.content,
            maintype="image",
            subtype=photo.subtype,
            cid=f"<{identity}>",
            filename=f"{name}.{photo.subtype}",
            disposition="inline",
        )
