"""A conversation with a mail server, each step of it within a limit of its own."""

import io
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smtplib import _AuthObject

    from _typeshed import WriteableBuffer

_PIECE: Final = 65_536
_LONGEST_REPLY: Final = 65_536
_LINE_START_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_OK: Final = 250
_WILL_FORWARD: Final = (250, 251)
_GO_AHEAD: Final = 354


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """How many seconds a mail server may take for each step (RFC 5321, 4.5.3.2).

    Each holds for the whole reply, so that a server which sends a byte now and then gains nothing.

    Attributes:
        command_s: To connect, and to answer each command up to the recipient.
        opening_s: For all of that together.
        data_s: To answer DATA.
        body_s: To take the message.
        end_s: To answer the dot that ends it. A server may search the message for viruses before
            it does; who leaves too early and comes again has sent the message twice.
        goodbye_s: To answer QUIT.
    """

    command_s: float = 30
    opening_s: float = 300
    data_s: float = 120
    body_s: float = 300
    end_s: float = 600
    goodbye_s: float = 5

    @property
    def longest_s(self) -> float:
        """The most that one message can take."""
        return self.opening_s + self.data_s + self.body_s + self.end_s + self.goodbye_s


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
    limits: SmtpLimits = SmtpLimits()


class MailError(Exception):
    """A mail could not be handed over, or not surely."""


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


class OutcomeUnknownError(MailError):
    """The connection ended after the message and before the answer: it may have been taken."""


class PacedSmtp(smtplib.SMTP):
    """An SMTP client whose every reply has a deadline.

    The library's own time-out begins anew with every byte.
    """

    def __init__(self, config: SmtpConfig, implicit: ssl.SSLContext | None) -> None:
        """Connect, with TLS from the first byte where a context is given, and take the greeting."""
        self._limits = config.limits
        self._opening_ends_at = monotonic() + config.limits.opening_s
        self._ends_at = self._opening_ends_at
        self._implicit = implicit
        self._received = 0
        self.refused_login: smtplib.SMTPAuthenticationError | None = None
        super().__init__(config.host, config.port)

    def begin(self, limit_s: float, *, opening: bool = False) -> None:
        """Give the next step so long, and no longer than the opening if it is part of that."""
        ends_at = monotonic() + limit_s
        self._ends_at = min(ends_at, self._opening_ends_at) if opening else ends_at
        if self.sock is not None:
            self.sock.settimeout(self._left_s())

    def connect(
        self,
        host: str = "localhost",
        port: int = 0,
        source_address: tuple[bytearray | bytes | str, int] | None = None,
    ) -> tuple[int, bytes]:
        """Connect and return the greeting."""
        self.begin(self._limits.command_s, opening=True)
        sock = socket.create_connection((host, port), self._left_s(), source_address)
        try:
            sock.settimeout(self._left_s())
            if self._implicit is not None:
                sock = self._implicit.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
        self.sock, self.file = sock, None
        return self.getreply()

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command of the opening; its answer has the limit of one."""
        self.begin(self._limits.command_s, opening=True)
        super().putcmd(cmd, args)

    def auth(
        self, mechanism: str, authobject: "_AuthObject", *, initial_response_ok: bool = True
    ) -> tuple[int, bytes]:
        """Log in by one mechanism; keep the refusal, after which a server may hang up."""
        try:
            return super().auth(mechanism, authobject, initial_response_ok=initial_response_ok)
        except smtplib.SMTPAuthenticationError as error:
            self.refused_login = error
            raise

    def getreply(self) -> tuple[int, bytes]:
        """Return the server's reply, which is whole before the step's deadline."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Replies(self))
        self._received = 0
        try:
            return super().getreply()
        finally:
            if self.sock is not None:
                # For what follows without a command: the handshake of STARTTLS.
                self.sock.settimeout(max(self._ends_at - monotonic(), 0.001))

    def receive_into(self, buffer: "WriteableBuffer") -> int:
        """Return how many bytes came before the deadline.

        Raises:
            TimeoutError: None did.
            ConnectionError: They are more than a reply has.
        """
        if self.sock is None:
            return 0
        self.sock.settimeout(self._left_s())
        size = self.sock.recv_into(buffer)
        self._received += size
        if self._received > _LONGEST_REPLY:
            raise ConnectionError("a reply without end")
        return size

    def hand_over(self, content: bytes) -> tuple[int, bytes]:
        """Send a message after DATA was answered with 354, and return the answer to its end.

        Raises:
            OutcomeUnknownError: None came.
            OSError: The message could not be handed over whole.
        """
        self.begin(self._limits.body_s)
        for start in range(0, len(content), _PIECE):
            self._send_all(content[start : start + _PIECE])
        try:
            self._send_all(b".\r\n")
            self.begin(self._limits.end_s)
            code, text = self.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise OutcomeUnknownError(_named(error)) from None
        if code // 100 not in (2, 4, 5):
            raise OutcomeUnknownError(f"the server answered {code}")
        return code, text

    def say_data(self) -> tuple[int, bytes]:
        """Announce a message and return the answer."""
        self.send("DATA\r\n")
        self.begin(self._limits.data_s)
        return self.getreply()

    def leave(self) -> None:
        """Say goodbye; a mail the server has accepted stays sent however it answers to that."""
        self._opening_ends_at = monotonic() + self._limits.goodbye_s
        with suppress(smtplib.SMTPException, OSError):
            self.quit()
        self.close()

    def _send_all(self, data: bytes) -> None:
        if self.sock is None:
            raise ConnectionError("the connection is closed")
        self.sock.settimeout(self._left_s())
        self.sock.sendall(data)

    def _left_s(self) -> float:
        left_s = self._ends_at - monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        return left_s


class _Replies(io.RawIOBase):
    """The bytes of one reply after another."""

    def __init__(self, server: PacedSmtp) -> None:
        self._server = server

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._server.receive_into(buffer)


def connect_to(config: SmtpConfig) -> PacedSmtp:
    """Return a connection to the mail server, secured and logged in as the configuration says.

    Raises:
        SmtpRefusedError, NoTlsError, NoLoginError, CaFileError: The server or the settings refuse.
        smtplib.SMTPException, OSError: It does not answer.
    """
    context = tls_context(config.ca_file)
    is_implicit = config.tls == "implicit" or (config.tls == "auto" and config.port == 465)
    try:
        server = PacedSmtp(config, context if is_implicit else None)
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
    if code not in codes:
        raise SmtpRefusedError(step, code, text)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
