"""A conversation with a mail server: greet, secure, log in, hand a message over."""

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from keeper.alerts.channels.paced_smtp import MailError, PacedSmtp, SmtpLimits

_LINE_START_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_OK: Final = 250
_WILL_FORWARD: Final = (250, 251)
_GO_AHEAD: Final = 354


@dataclass(frozen=True, slots=True, repr=False)
class SmtpConfig:
    """A mail server.

    `tls` is "implicit" (TLS from the first byte), "starttls", "none", or "auto": implicit on port
    465, otherwise STARTTLS when the server offers it. A login is never sent in the clear: with
    "none" there is no login at all, with "auto" a server without TLS is an error.
    `ca_file` holds certificates that are trusted beside those of the system.
    """

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None
    tls: str = "auto"
    ca_file: Path | None = None
    limits: SmtpLimits = field(default_factory=SmtpLimits)


MAIL_PROBLEMS: Final = (MailError, smtplib.SMTPException, OSError, UnicodeError)
"""All that a conversation with a mail server raises; the last for a host that is no name."""


class Step(StrEnum):
    """What a mail server refused."""

    CONNECTION = "connection"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"


class SmtpRefusedError(MailError):
    """The server's answer is no."""

    def __init__(self, step: Step, code: int, text: bytes | str) -> None:
        """Keep the answer: to which step, its code, and its lines."""
        said = text.decode(errors="replace") if isinstance(text, bytes) else text
        super().__init__(step, code, said)
        self.step = step
        self.code = code
        self.text = said


class NoTlsError(MailError):
    """The server offers no TLS, and the login or the settings need it."""


class NoLoginError(MailError):
    """The login cannot be made here; the text says why, without it."""


class CaFileError(MailError):
    """The file of certificate authorities cannot be used."""


class NoUtf8Error(MailError):
    """The recipient's address needs SMTPUTF8, which the server lacks."""


def connect_to(config: SmtpConfig) -> PacedSmtp:
    """Return a connection to the mail server, secured and logged in as the configuration says.

    Raises:
        SmtpRefusedError, NoTlsError, NoLoginError, CaFileError: The server or the settings refuse.
        smtplib.SMTPException, OSError: It does not answer.
    """
    context = tls_context(config.ca_file)
    is_implicit = config.tls == "implicit" or (config.tls == "auto" and config.port == 465)
    try:
        server = PacedSmtp(
            config.host, config.port, config.limits, context if is_implicit else None
        )
    except smtplib.SMTPConnectError as error:
        raise SmtpRefusedError(Step.CONNECTION, error.smtp_code, error.smtp_error) from None
    try:
        _secure(server, config, None if is_implicit else context)
    except smtplib.SMTPResponseException as error:
        server.leave()
        raise SmtpRefusedError(Step.CONNECTION, error.smtp_code, error.smtp_error) from None
    except BaseException:
        server.close()
        raise
    return server


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return whom to trust: the system's authorities, and those of a file.

    Raises:
        CaFileError: The file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            # One of OpenSSL's own, for a file without a certificate, is an OSError too.
            problem = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise CaFileError(f"{ca_file}: {problem}") from None
        # From Python 3.13 on this is set, and refuses what many private authorities issue.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def transfer(server: PacedSmtp, sender: str, recipient: str, content: bytes, *, utf8: bool) -> None:
    """Hand one message over.

    Args:
        server: A connection.
        sender: The envelope's sender.
        recipient: The envelope's recipient.
        content: The message, its lines ended by CRLF.
        utf8: The message or an address needs SMTPUTF8.

    Raises:
        SmtpRefusedError: The server does not take it.
        NoUtf8Error: The server lacks SMTPUTF8.
        OutcomeUnknownError: The connection ended before the server said whether it takes it.
        smtplib.SMTPException, OSError: The server does not answer; it has not got the message.
    """
    if utf8 and not server.has_extn("smtputf8"):
        raise NoUtf8Error
    options = [f"size={len(content)}"] if server.has_extn("size") else []
    options += ["SMTPUTF8"] if utf8 else []
    options += ["BODY=8BITMIME"] if server.has_extn("8bitmime") else []
    _demand((_OK,), Step.SENDER, server.mail(sender, options))
    _demand(_WILL_FORWARD, Step.RECIPIENT, server.rcpt(recipient))
    _demand((_GO_AHEAD,), Step.MESSAGE, server.say_data())
    lines = content if content.endswith(b"\r\n") else content + b"\r\n"
    code, text = server.hand_over(_LINE_START_DOT.sub(b"..", lines))
    if code // 100 != 2:
        raise SmtpRefusedError(Step.MESSAGE, code, text)


def _secure(server: PacedSmtp, config: SmtpConfig, context: ssl.SSLContext | None) -> None:
    """Greet; begin TLS by the context, if any, and log in."""
    server.ehlo_or_helo_if_needed()
    secured = context is None
    offered = server.has_extn("starttls")
    if context is not None and config.tls != "none":
        if offered:
            server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            secured = True
        elif config.tls == "starttls":
            raise NoTlsError("the server offers no STARTTLS")
    if config.user and config.password and config.tls != "none":
        if not secured:
            raise NoTlsError("the server offers no TLS; the login was not sent")
        _log_in(server, config.user, config.password)


def _log_in(server: PacedSmtp, user: str, password: str) -> None:
    try:
        server.login(user, password)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected) as error:
        refused = server.refused_login
        if refused is None:
            raise error from None
        raise SmtpRefusedError(Step.LOGIN, refused.smtp_code, refused.smtp_error) from None
    except smtplib.SMTPNotSupportedError:
        raise NoLoginError("the server offers no login here") from None
    except UnicodeError:
        # Its text would quote the login.
        raise NoLoginError("the login has letters the server cannot take") from None
    except smtplib.SMTPException:
        raise NoLoginError("the server and Keeper know no common way to log in") from None


def _demand(codes: tuple[int, ...], step: Step, answer: tuple[int, bytes]) -> None:
    code, text = answer
    if code in codes:
        return
    if code // 100 not in (4, 5):
        raise ConnectionError(f"the server answered {code}, which is none of SMTP's answers here")
    raise SmtpRefusedError(step, code, text)
