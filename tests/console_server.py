"""A console that serves in a thread, and people who use it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute

from keeper.alerts.message import Message
from keeper.alerts.texts import as_text
from keeper.cli.services.console import application
from keeper.console.application import make_console
from keeper.console.context import ConsoleContext
from keeper.console.database import ConsoleDatabase
from keeper.console.operations import ConsoleKafka, Operations
from keeper.domain.messages.queue import ChannelKind, DeliveryResult, DeliveryStatus
from keeper.domain.users.access import Account, Role, Scope
from keeper.domain.users.limits import DEFAULT_LIMITS, Limits
from keeper.domain.users.telegram import app_key_of
from keeper.pipeline.messages.deliver import Delivery, deliver_due
from keeper.pipeline.services.health import HealthState, PartHealth
from keeper.pipeline.users.accounts import add_user, known_user
from keeper.pipeline.users.api_tokens import make_token
from keeper.pipeline.users.audit import COMMAND
from keeper.pipeline.users.sign_in import make_link
from keeper.settings import load_settings
from keeper.stores.postgres.access import CONSOLE
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.config import KafkaConfig
from tests.asgi_server import PLAIN, serving
from tests.chat_server import TOKEN
from tests.databases import as_role
from tests.services import Stack, free_port
from tests.waiting import HUNG_AFTER_S

BOSS = "boss@example.org"
"""Whom the settings make an operator."""
ANN = "ann@example.org"
BEN = "ben@example.org"
LINK_SECRET = "a-secret-of-some-length"
STARTED = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = STARTED

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class _Letterbox:
    """A mail server that keeps address and text of what it is given."""

    mailed: list[tuple[str, str]]

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Keep a message."""
        self.mailed.append((address, as_text(message)))
        return DeliveryResult(DeliveryStatus.SENT, "kept")


@dataclass
class Console:
    """A running console.

    Attributes:
        url: Where it is.
        connection: To its database.
        clock: Its clock.
        mailed: Address and text of the mails that were delivered.
        clients: Closes those handed out.
    """

    url: str
    connection: Connection
    clock: Clock
    mailed: list[tuple[str, str]] = field(default_factory=list)
    clients: ExitStack = field(default_factory=ExitStack)

    def delivered(self) -> list[tuple[str, str]]:
        """Let a deliverer send what is in the outbox; return all that was mailed so far."""
        options = Delivery({ChannelKind.EMAIL: _Letterbox(self.mailed)}, clock=self.clock)
        deliver_due(self.connection, options)
        return self.mailed

    def user(self, email: str, role: Role = Role.READER) -> Account:
        """Return a user, added if new."""
        if email != BOSS and not self._is_known(email):
            add_user(self.connection, email, role, COMMAND, at=self.clock.now, operators={BOSS})
        return known_user(self.connection, email, {BOSS})

    def _is_known(self, email: str) -> bool:
        rows = self.connection.execute("SELECT FROM users WHERE email = %s", (email,))
        return bool(rows.fetchall())

    def token(self, email: str, *scopes: Scope, days: int = 1) -> str:
        """Return the text of a new token of a user."""
        made = make_token(
            self.connection,
            self.user(email),
            name="test",
            scopes=scopes,
            days=days,
            doer=COMMAND,
            at=self.clock.now,
        )
        return made.text

    def link(self, email: str) -> str:
        """Return the path of a new link to sign in."""
        self.user(email)
        secret = make_link(self.connection, email, COMMAND, at=self.clock.now, operators={BOSS})
        return f"/sign-in/{secret}"

    def program(self, email: str, *scopes: Scope) -> httpx.Client:
        """Return a client with a token of these scopes."""
        return self.nobody({"Authorization": f"Bearer {self.token(email, *scopes)}"})

    def browser(self, email: str) -> httpx.Client:
        """Return a client that has signed in as a browser does."""
        client = self.nobody({"Origin": self.url})
        answer = client.post(self.link(email))
        assert answer.status_code == 200, answer.text
        return client

    def nobody(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """Return a client without proof of who it is."""
        client = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=HUNG_AFTER_S,
            trust_env=False,
            verify=PLAIN,
        )
        return self.clients.enter_context(client)


@contextmanager
def console_by_settings(
    database: PostgresConfig, kafka: KafkaConfig, **settings: str
) -> Iterator[str]:
    """Serve from a thread what `keeper console` serves with these settings; gives its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "DATABASE_URL": database.url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KEEPER_PUBLIC_URL": url,
        "KEEPER_LINK_SECRET": LINK_SECRET,
        **settings,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        load_settings.cache_clear()
        app = application()
    load_settings.cache_clear()
    with serving(app, port):
        yield url
    app.state.console.database.close()


@pytest.fixture
def console_login(stack: Stack, database: PostgresConfig) -> PostgresConfig:
    """The test's database as the console reaches it: by its own role, which may less."""
    return as_role(stack, database, CONSOLE)


@pytest.fixture
def make_running(
    console_login: PostgresConfig, connection: Connection, kafka: KafkaConfig
) -> Iterator[Callable[..., Console]]:
    """Starts consoles on the test's database."""
    with ExitStack() as running:

        def make(
            *,
            public_url: str | None = None,
            allows_insecure_cookie: bool = False,
            limits: Limits = DEFAULT_LIMITS,
            trusted_proxies: Sequence[str] = (),
            proxy_user_header: str | None = None,
            clock: Clock | None = None,
            pages: Sequence[BaseRoute] = (),
            **parts: Any,
        ) -> Console:
            port, clock = free_port(), clock or Clock()
            console = Console(f"http://127.0.0.1:{port}", connection, clock)

            store = ConsoleDatabase(console_login)
            running.callback(store.close)
            parts.setdefault("telegram_app_key", app_key_of(TOKEN))
            context = ConsoleContext(
                database=store,
                operators=frozenset({BOSS}),
                public_url=public_url,
                allows_insecure_cookie=allows_insecure_cookie,
                old_after=lambda price_type: timedelta(hours=12),
                clock=clock,
                limits=limits,
                trusted_proxies=tuple(map(ip_network, trusted_proxies)),
                proxy_user_header=proxy_user_header,
                **parts,
                operations=Operations(
                    kafka=ConsoleKafka(kafka, clock=clock),
                    ask_health=lambda: [
                        PartHealth("postgres", HealthState.READY, "17 on db.local")
                    ],
                ),
            )
            running.enter_context(serving(make_console(context, pages), port))
            running.enter_context(console.clients)
            return console

        yield make


@pytest.fixture
def console(make_running: Callable[..., Console]) -> Console:
    """A console on this machine, without a public address."""
    return make_running()
