"""Mail servers that refuse, hang up or take their time, and one with a certificate of its own."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from keeper.alerts.channels.smtp import SmtpConfig
from tests.services import free_port
from tests.smtp_server import Mailbox

SENDER = "Keeper <keeper@example.org>"
PASSWORD = "s3cret-word"


class ParticularMailbox(Mailbox):
    """A mailbox whose server refuses some senders, recipients and logins.

    `recipients` are answers by address, `login` is the answer to a login, None for "accepted".
    """

    def __init__(self) -> None:
        super().__init__()
        self.sender = "250 OK"
        self.recipients: dict[str, str] = {}
        self.login: str | None = None

    async def handle_MAIL(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.recipients.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any
    ) -> AuthResult:
        """Answer a login."""
        assert isinstance(auth_data, LoginPassword)
        if self.login is not None:
            return AuthResult(success=False, handled=False, message=self.login)
        return AuthResult(success=auth_data.password == PASSWORD.encode(), handled=False)


@contextmanager
def particular_server(mailbox: ParticularMailbox, **options: Any) -> Iterator[SmtpConfig]:
    """Run a server of aiosmtpd with these options."""
    port = free_port()
    options = {"enable_SMTPUTF8": False, **options}
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield SmtpConfig("127.0.0.1", port, SENDER, tls="none")
    finally:
        controller.stop()


class ScriptedServer:
    """A mail server on bare sockets, which has every weakness a network has.

    Attributes:
        greet: What it does when somebody connects.
        begin: What it does once it has answered DATA.
        end: What it does when a message has ended.
        received: The messages that ended, with their dots.
        answer_command: What it does when it is named a sender or a recipient.
        log_in: What it does when somebody logs in.
        bid_farewell: What it does when somebody leaves.
        extensions: What it offers.
        tls: With TLS from the first byte, if not None.
    """

    def __init__(self) -> None:
        self.greet: Callable[[socket.socket], object] = say("220 odd.example")
        self.begin: Callable[[socket.socket], object] = lambda _: None
        self.end: Callable[[socket.socket], object] = say("250 2.0.0 taken")
        self.answer_command: Callable[[socket.socket], object] = say("250 OK")
        self.log_in: Callable[[socket.socket], object] = say("235 2.7.0 welcome")
        self.bid_farewell: Callable[[socket.socket], object] = say("221 2.0.0 bye")
        self.tls: ssl.SSLContext | None = None
        self.received: list[bytes] = []
        self.commands: list[str] = []
        self.extensions = ["SIZE 10000000"]
        self.stopped = threading.Event()

    def talk(self, connection: socket.socket) -> None:
        """Answer until the client leaves."""
        with suppress(OSError):
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            self.greet(connection)
            for line in lines:
                command = line.decode(errors="replace").strip()
                self.commands.append(command)
                verb = command.split(" ")[0].upper()
                if verb == "EHLO":
                    said = ["odd.example", *self.extensions]
                    for number, one in enumerate(said, 1):
                        say(f"250{'-' if number < len(said) else ' '}{one}")(connection)
                elif verb == "AUTH":
                    self.log_in(connection)
                elif verb == "DATA":
                    say("354 go ahead")(connection)
                    self.begin(connection)
                    content: list[bytes] = []
                    for part in iter(lines.readline, b".\r\n"):
                        if not part:
                            return
                        content.append(part)
                    self.received.append(b"".join(content))
                    self.end(connection)
                else:
                    (self.bid_farewell if verb == "QUIT" else self.answer_command)(connection)

    def drip(self, code: str) -> Callable[[socket.socket], object]:
        """Return what answers with a line, a byte now and then, for ten seconds."""

        def answer(connection: socket.socket) -> None:
            for byte in f"{code} {'.' * 200}\r\n".encode():
                if self.stopped.wait(0.05):
                    return
                connection.sendall(bytes([byte]))

        return answer

    def silence(self, _: socket.socket) -> None:
        """Say nothing."""
        self.stopped.wait(20)


def say(line: str) -> Callable[[socket.socket], object]:
    """Return what answers with a line."""
    return lambda connection: connection.sendall(f"{line}\r\n".encode())


def hang_up(connection: socket.socket) -> None:
    """End the connection."""
    connection.shutdown(socket.SHUT_RDWR)


def say_and_hang_up(line: str) -> Callable[[socket.socket], object]:
    """Return what answers with a line and ends the connection."""

    def answer(connection: socket.socket) -> None:
        say(line)(connection)
        hang_up(connection)

    return answer


@contextmanager
def scripted_server(server: ScriptedServer) -> Iterator[SmtpConfig]:
    """Serve until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    # Little is buffered of what the server does not read.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    talks: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                talks.append(threading.Thread(target=server.talk, args=(connection,)))
                talks[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield SmtpConfig("127.0.0.1", listener.getsockname()[1], SENDER)
    finally:
        server.stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *talks):
            thread.join()


def own_certificate(folder: Path, *, host: str = "127.0.0.1", days: int = 2) -> Path:
    """Write a certificate that its own key has signed, with the key, and return the file.

    Args:
        folder: Where to write it.
        host: For whom it is.
        days: From now on; negative for one that is no longer valid.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    try:
        subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return what a server with this certificate serves TLS by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
