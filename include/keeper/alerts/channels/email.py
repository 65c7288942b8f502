"""E-mail over SMTP."""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, parseaddr
from typing import Final

from keeper.alerts.message import Message
from keeper.alerts.photos import Photo, PhotoHost
from keeper.alerts.texts import as_page, as_text
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

_MOST_PHOTO_BYTES: Final = 3_000_000
"""Of all pictures of products in a mail; some servers take no mail of more than 10 MB."""


@dataclass(frozen=True, slots=True, repr=False)
class SmtpConfig:
    """A mail server.

    `tls` is "implicit" (TLS from the first byte), "starttls", "none", or "auto": implicit on port
    465, otherwise STARTTLS when the server offers it. A login is never sent in the clear: with
    "none" there is no login at all, with "auto" a server without TLS is an error.
    """

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None
    tls: str = "auto"
    timeout_s: float = 20


class EmailChannel:
    """Sends messages by mail."""

    def __init__(self, config: SmtpConfig, photos: PhotoHost | None = None) -> None:
        """Send through `config`, with the pictures that `photos` has; None for mail without."""
        self._config = config
        self._photos = photos

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once to hand a message to the mail server; blocks up to the server's timeout.

        Pictures of products may take two seconds more.
        """
        urls = [section.image_url for section in message.sections if section.image_url]
        photos = {} if self._photos is None else self._photos.fetch(urls)
        try:
            mail = mail_of(message, address, self._config.sender, photos)
        except ValueError as error:
            return _failed(f"cannot be addressed: {error}", retry=False)
        try:
            server = connect_to(self._config)
            try:
                server.send_message(mail)
            finally:
                leave(server)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return _failed(f"{code} {_plain(text)}", retry=code < 500)
        except smtplib.SMTPAuthenticationError as error:
            return _failed(f"login refused: {error.smtp_code}; check SMTP_USER", retry=True)
        except smtplib.SMTPResponseException as error:
            detail = f"{error.smtp_code} {_plain(error.smtp_error)}"
            return _failed(detail, retry=error.smtp_code < 500)
        except (smtplib.SMTPException, OSError) as error:
            detail = f"{type(error).__name__}: {error}"
            return DeliveryResult(DeliveryStatus.FAILED, detail, retry=True, unreachable=True)
        except UnicodeError:
            # Its text would quote the login.
            return _failed("the login or an address has letters the server cannot take", retry=True)
        return DeliveryResult(DeliveryStatus.SENT, f"accepted by {self._config.host}")


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
    name, own = parseaddr(sender)
    host = own.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = _address(own, name)
    mail["To"] = _address(address)
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


def _address(spec: str, name: str = "") -> Address:
    try:
        return Address(name, addr_spec=spec)
    except (MessageError, IndexError, AttributeError):
        # What the library raises beside ValueError for text it cannot parse.
        raise ValueError(f"{spec[:100]!r} is not an e-mail address") from None


def leave(server: smtplib.SMTP) -> None:
    """Say goodbye; a mail the server has accepted stays sent however it answers to that."""
    with suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def connect_to(config: SmtpConfig) -> smtplib.SMTP:
    """Return a connection to the mail server, secured and logged in as the configuration says.

    Raises:
        smtplib.SMTPException, OSError, UnicodeError: As smtplib says; the last would quote the
            login.
    """
    implicit = config.tls == "implicit" or (config.tls == "auto" and config.port == 465)
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if implicit:
        server = smtplib.SMTP_SSL(
            config.host, config.port, timeout=config.timeout_s, context=context
        )
    else:
        server = smtplib.SMTP(config.host, config.port, timeout=config.timeout_s)
    try:
        server.ehlo()
        secured = implicit
        offered = server.has_extn("starttls")
        if not implicit and (config.tls == "starttls" or (config.tls == "auto" and offered)):
            server.starttls(context=context)
            server.ehlo()
            secured = True
        if config.user and config.password and config.tls != "none":
            if not secured:
                raise smtplib.SMTPException("the server offers no TLS; the login was not sent")
            server.login(config.user, config.password)
    except BaseException:
        server.close()
        raise
    return server


def _failed(detail: str, *, retry: bool) -> DeliveryResult:
    return DeliveryResult(DeliveryStatus.FAILED, detail, retry)


def _plain(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
