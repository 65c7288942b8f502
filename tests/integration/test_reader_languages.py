"""Each of several readers is written to in their own language, by the real mail server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.links import Links
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.notices import Trouble
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.users.languages import Language
from keeper.pipeline.messages.channel_test import send_test
from keeper.pipeline.messages.deliver import deliver_due
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.messages.notices import raise_notice
from tests.outbox import NOW, READER, Clock, by_mail
from tests.smtp_server import Mailbox

GERMAN = "leserin@example.org"
LINKS = Links("https://keeper.example.org", ["a-secret-of-some-length"])
PAGE = "https://keeper.example.org/app/products/us/"


def read_german(connection: Connection, email: str) -> None:
    connection.execute("UPDATE users SET language = 'de' WHERE email = %s", [email])


def written_to(mailbox: Mailbox, email: str) -> list[tuple[EmailMessage, str]]:
    return [
        (mail, text.replace("\xa0", " "))
        for mail, text in zip(mailbox.mails(), mailbox.texts(), strict=True)
        if mail["To"] == email
    ]


def test_of_several_readers_each_gets_their_own_language(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(1)
    raise_alerts(1, hour=1, user=GERMAN)
    read_german(connection, GERMAN)
    trouble = Trouble("run:track_prices", "track_prices failed", "It failed.")
    raise_notice(connection, trouble, operator=GERMAN, at=NOW)

    assert deliver_due(connection, replace(by_mail(mail_channel), links=LINKS))["sent"] == 3

    ((mail, english),) = written_to(mailbox, READER)
    notice, alert = sorted(written_to(mailbox, GERMAN), key=lambda one: "Preis" in one[1])
    assert "Price alert: at or below your target" in english
    assert f"See it in Keeper: {PAGE}B000000000?type=NEW\n" in english
    assert "Preisalarm: dein Zielpreis ist erreicht" in alert[1]
    assert f"In Keeper ansehen: {PAGE}B000000100?type=NEW\n" in alert[1]
    assert "Dein Ziel: $10.00" in alert[1]
    assert notice[0]["Subject"] == "Keeper: track_prices failed"
    # RFC 8058 asks for these as ever.
    for one in (mail, alert[0]):
        assert one["List-Unsubscribe"].startswith("<https://keeper.example.org/a/")
        assert one["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_was_held_comes_as_one_german_mail(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(2, user=GERMAN)
    read_german(connection, GERMAN)
    clock = Clock()
    until = NOW + timedelta(hours=1)
    quiet = DeliveryRules(quiet_from=(NOW - timedelta(hours=1)).time(), quiet_until=until.time())
    save_delivery_rules(connection, GERMAN, quiet)
    delivery = by_mail(mail_channel, clock)
    deliver_due(connection, delivery)
    clock.wait(3_700)

    assert deliver_due(connection, delivery)["sent"] == 2

    ((mail, text),) = written_to(mailbox, GERMAN)
    assert mail["Subject"].endswith("2 Preisalarme für 2 Produkte")
    assert "2 Preisalarme, zurückgehalten wegen der Ruhezeit" in text
    page = mail.get_body(("html",))
    assert page is not None
    assert '<html lang="de">' in page.get_content()


def test_a_test_of_a_channel_is_german(mail_channel: EmailChannel, mailbox: Mailbox) -> None:
    to = Address(ChannelKind.EMAIL, GERMAN)
    send_test(to, by_mail(mail_channel), at=NOW, language=Language.GERMAN)

    ((mail, _),) = written_to(mailbox, GERMAN)
    assert mail["Subject"] == "Keeper erreicht dich hier"
