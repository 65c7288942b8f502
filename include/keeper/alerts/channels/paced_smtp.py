"""An SMTP client that gives each step of a conversation a limit of its own."""

import io
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smtplib import _AuthObject

    from _typeshed import WriteableBuffer

_PIECE: Final = 65_536
_LONGEST_REPLY: Final = 65_536


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


class MailError(Exception):
    """A mail could not be handed over, or not surely."""


class OutcomeUnknownError(MailError):
    """The connection ended after the message and before the answer: it may have been taken."""


class PacedSmtp(smtplib.SMTP):
    """An SMTP client whose every reply has a deadline.

    The library's own time-out begins anew with every byte.
    """

    def __init__(
        self, host: str, port: int, limits: SmtpLimits, implicit: ssl.SSLContext | None
    ) -> None:
        """Connect and take the greeting.

        Args:
            host: Of the server.
            port: Of the server.
            limits: What each step may take.
            implicit: Whom to trust, for TLS from the first byte; None for a plain line.
        """
        self._limits = limits
        self._opening_ends_at = monotonic() + limits.opening_s
        self._ends_at = self._opening_ends_at
        self._implicit = implicit
        self._received = 0
        self.refused_login: smtplib.SMTPAuthenticationError | None = None
        super().__init__(host, port)

    def begin(self, limit_s: float, *, opening: bool = False) -> None:
        """Give the next step so long, and no longer than the opening if it is part of that."""
        ends_at = monotonic() + limit_s
        self._ends_at = min(ends_at, self._opening_ends_at) if opening else ends_at
        if self.sock is not None:
            self.sock.settimeout(self._left_s())

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: Any = None
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
        try:
            for start in range(0, len(content), _PIECE):
                self._send_all(content[start : start + _PIECE])
        except OSError:
            # A server that has had enough says so before it hangs up.
            if (answer := self._early_answer()) is not None:
                return answer
            raise
        try:
            self._send_all(b".\r\n")
            self.begin(self._limits.end_s)
            code, text = self.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise OutcomeUnknownError(f"{type(error).__name__}: {error}") from None
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

    def _early_answer(self) -> tuple[int, bytes] | None:
        self.begin(self._limits.goodbye_s)
        try:
            answer = self.getreply()
        except (smtplib.SMTPException, OSError):
            return None
        return answer if answer[0] // 100 in (4, 5) else None

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
