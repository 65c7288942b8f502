"""Daily reports: who gets which deals, once, with what they cost before."""

import json
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import time, timedelta
from pathlib import Path

import psycopg
import pytest

from keeper.alerts.channels.discord import DiscordChannel
from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.telegram import TelegramChannel, TelegramConfig
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.watches.watch import WatchStatus
from keeper.pipeline.deals.report import (
    ReportsFailedError,
    ReportsWritten,
    publish_reported_deals,
    write_reports,
)
from keeper.pipeline.messages.deliver import Delivery, deliver_due
from keeper.pipeline.runs.consumers import deal_consumer
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import set_filter_status
from keeper.stores.postgres.deals.reports import (
    ReportsWanted,
    list_reports,
    read_reports,
    set_reports_wanted,
)
from keeper.stores.postgres.deals.writer import DealWriter
from keeper.stores.postgres.messages.channels import save_channel, save_delivery_rules
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.config import KafkaConfig
from tests.chat_server import TOKEN, ChatServer
from tests.deals import CHECKED_AT
from tests.found_deals import Found
from tests.outbox import READER, Clock, by_mail, outbox
from tests.price_events import price_event
from tests.smtp_server import Mailbox

AT = CHECKED_AT + timedelta(hours=2)
DAY = timedelta(days=1)


@pytest.fixture
def archive(tmp_path: Path) -> ReplyArchive:
    return ReplyArchive(tmp_path)


def write(
    connection: Connection, archive: ReplyArchive, days: float = 0, run: str = "run"
) -> ReportsWritten:
    return write_reports(connection, archive, run_id=f"{run}-{days}", at=AT + timedelta(days=days))


def said(connection: Connection) -> list[list[str]]:
    ids = [row["report_id"] for row in connection.execute("SELECT report_id FROM deal_reports")]
    reports = read_reports(connection, ids)
    return [[deal.asin for deal in reports[number].deals] for number in sorted(reports)]


def test_new_deals_are_said_once_and_a_day_without_any_says_nothing(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001", "B000000002")

    assert write(connection, archive) == ReportsWritten(1, 2, 0, 0)
    found("B000000001", "B000000002", hours=20)
    assert write(connection, archive, 1) == ReportsWritten(0, 0, 1, 0)

    found("B000000003", hours=30)
    assert write(connection, archive, 2) == ReportsWritten(1, 1, 0, 0)
    assert said(connection) == [["B000000001", "B000000002"], ["B000000003"]]
    assert outbox(connection) == [("PENDING", None)] * 2


def test_the_same_run_again_writes_nothing_twice(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    write(connection, archive)
    found("B000000002", hours=1)

    assert write(connection, archive) == ReportsWritten(0, 0, 0, 1)
    assert len(said(connection)) == 1


def test_a_deal_stored_after_the_report_of_its_day_is_in_the_next(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    write(connection, archive)
    # Found an hour before that report, but the loader was behind.
    found("B000000002", hours=1)
    found("B000000002", hours=20)

    write(connection, archive, 1)

    assert said(connection) == [["B000000001"], ["B000000002"]]


def test_what_scores_too_little_has_changed_gone_or_ended_is_not_said(
    connection: Connection, database: PostgresConfig, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001", score=39)
    found("B000000002", hours=-30)
    found("B000000003", lightning_ends_at=AT - timedelta(minutes=1))
    found("B000000004", lightning_ends_at=AT + timedelta(hours=1))
    found("B000000005", "B000000006", observed_at=CHECKED_AT - timedelta(hours=11))
    with closing(PriceWriter(database)) as writer:
        writer.store([price_event(2900, asin="B000000005", hour=13)])
        writer.store([price_event(2000, asin="B000000006", hour=13)])

    write(connection, archive)

    assert said(connection) == [["B000000004", "B000000006"]]


def test_what_was_found_by_another_search_too_is_said_once_for_good(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    write(connection, archive)

    found("B000000001", name="anything cheap", hours=20, score=90)

    assert write(connection, archive, 1).without_deals == 1


def test_the_best_five_of_a_search_are_said_and_the_others_counted(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    for number in range(8):
        found(f"B00000000{number}", score=50 + number)

    write(connection, archive)
    found(*(f"B00000000{number}" for number in range(8)), hours=20)
    again = write(connection, archive, 1)

    (report,) = list_reports(connection, READER, most=5)
    assert (report.deals, report.left_out, report.channels) == (5, 3, "email pending")
    assert said(connection) == [[f"B00000000{number}" for number in (7, 6, 5, 4, 3)]]
    assert again.without_deals == 1


def test_a_reader_may_want_none_or_one_every_day(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001", user="never@example.org")
    found("B000000002", user="always@example.org", hours=-60)
    found("B000000003", user="paused@example.org")
    set_filter_status(connection, "paused@example.org", "kettles", WatchStatus.PAUSED)
    set_reports_wanted(connection, "never@example.org", ReportsWanted.OFF)
    set_reports_wanted(connection, "always@example.org", ReportsWanted.ALWAYS)

    assert write(connection, archive) == ReportsWritten(1, 0, 0, 0)
    assert len(list_reports(connection, "always@example.org", most=5)) == 1


def test_what_fails_for_one_reader_is_said_and_the_others_have_their_reports(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    for user in ("a@example.org", "b@example.org", "c@example.org"):
        found("B000000001", user=user)
    connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.user_id = (SELECT user_id FROM users WHERE email = 'b@example.org')"
        " THEN RAISE 'an argument nobody knows'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON deal_reports FOR EACH ROW EXECUTE FUNCTION refuse()"
    )

    with pytest.raises(ReportsFailedError, match="2 others were"):
        write(connection, archive)
    assert [len(list_reports(connection, f"{user}@example.org", most=5)) for user in "abc"] == [
        *(1, 0, 1)
    ]
    connection.execute("DROP TRIGGER refuse ON deal_reports")
    assert write(connection, archive) == ReportsWritten(1, 1, 0, 2)


def test_a_past_nobody_watches_comes_from_the_archived_reply(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001", "B000000002", price_type="AMAZON")
    past = [(CHECKED_AT - days * DAY, price) for days, price in ((100, 3100), (50, 2900), (9, -1))]
    csv = [value for at, price in past for value in (to_keepa_minutes(at), price)]
    body = json.dumps(
        {
            "tokensLeft": 1,
            "products": [
                {"asin": "B000000001", "domainId": 1, "title": "x", "csv": [csv]},
                {"asin": "B000000002", "domainId": 1, "title": "x", "csv": "rubbish"},
            ],
        }
    ).encode()
    archive.write(
        body,
        endpoint="product",
        domain="us",
        asked=("B000000001", "B000000002"),
        received_at=CHECKED_AT,
        tokens_consumed=1,
        source="keepa",
        run_id="run-1",
    )

    write(connection, archive)

    (number,) = [row["report_id"] for row in connection.execute("SELECT * FROM deal_reports")]
    known, unknown = read_reports(connection, [number])[number].deals
    own = (known.observed_at, 2000)
    assert known.points == ((past[0][0], 3100), (past[1][0], 2900), (past[2][0], None), own)
    assert unknown.points == (own,)


def test_a_damaged_reply_or_a_lake_out_of_reach_costs_only_the_chart(
    connection: Connection, found: Found, tmp_path: Path
) -> None:
    found("B000000001")
    blocked = tmp_path / "replies"
    blocked.write_text("no folder")

    assert write(connection, ReplyArchive(tmp_path)).deals == 1


def test_a_report_comes_by_mail_telegram_and_discord_with_its_charts(
    connection: Connection,
    database: PostgresConfig,
    archive: ReplyArchive,
    found: Found,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    chat: ChatServer,
) -> None:
    with closing(PriceWriter(database)) as writer:
        for hour, price in ((-400, 3000), (-300, 3100), (-200, 3000)):
            for asin in ("B000000001", "B000000002"):
                writer.store([price_event(price, asin=asin, hour=hour, price_type="AMAZON")])
    found("B000000001", "B000000002", price_type="AMAZON")
    save_channel(connection, READER, Address(ChannelKind.TELEGRAM, "4711"))
    save_channel(connection, READER, Address(ChannelKind.DISCORD, "main"))
    write(connection, archive)
    clock = Clock(AT)
    how = Delivery(
        {
            ChannelKind.EMAIL: mail_channel,
            ChannelKind.TELEGRAM: TelegramChannel(TelegramConfig(TOKEN, chat.url, 2)),
            ChannelKind.DISCORD: DiscordChannel({"main": chat.webhook}, timeout_s=2),
        },
        clock=clock,
        wait=clock.wait,
    )

    clock.wait(1e9)
    assert deliver_due(connection, how)["sent"] == 3

    (mail,) = mailbox.mails()
    assert mail["Subject"] == "2 new deals: $20.00 for A kettle"
    assert sum(part.get_content_type() == "image/png" for part in mail.walk()) == 2
    text, album, discord = chat.requests
    assert "2 new deals since" in text.fields["text"]
    assert text.fields["text"].count("33 % below its usual $30.00") == 2
    media = json.loads(album.fields["media"])
    assert album.path.endswith("/sendMediaGroup")
    assert [one["media"] for one in media] == ["attach://chart-1", "attach://chart-2"]
    assert album.files.keys() == {"chart-1", "chart-2"}
    assert discord.json is not None
    embeds = discord.json["embeds"]
    assert [one["image"]["url"] for one in embeds] == [
        "attachment://chart-1.png",
        "attachment://chart-2.png",
    ]
    assert discord.names == ("files[1]=chart-1.png", "files[2]=chart-2.png")
    assert [one.channels for one in list_reports(connection, READER, most=1)] == [
        "email sent, telegram sent, discord sent"
    ]


def test_an_album_telegram_refuses_does_not_send_the_text_again(
    connection: Connection,
    database: PostgresConfig,
    archive: ReplyArchive,
    found: Found,
    chat: ChatServer,
) -> None:
    with closing(PriceWriter(database)) as writer:
        for asin in ("B000000001", "B000000002"):
            writer.store([price_event(3000, asin=asin, hour=-300, price_type="AMAZON")])
    found("B000000001", "B000000002", price_type="AMAZON")
    save_channel(connection, READER, Address(ChannelKind.TELEGRAM, "4711"))
    write(connection, archive)
    sent = {"ok": True, "result": {"message_id": 7}}
    chat.answers = [(200, sent), (400, {"ok": False, "description": "Bad Request"})]
    telegram = TelegramChannel(TelegramConfig(TOKEN, chat.url, 2))
    clock = Clock()

    counts = deliver_due(connection, Delivery({ChannelKind.TELEGRAM: telegram}, clock=clock))

    assert (counts["sent"], counts["not_configured"]) == (1, 1)
    (row,) = connection.execute(
        "SELECT detail FROM alert_deliveries WHERE channel = 'telegram'"
    ).fetchall()
    assert row["detail"] == "message 7, without its charts: 400 Bad Request"


def test_a_report_waits_for_quiet_hours_but_not_for_the_days_most_of_alerts(
    connection: Connection,
    archive: ReplyArchive,
    found: Found,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules("UTC", time(11), time(13), daily_cap=1))
    raise_alerts(3)
    found("B900000001")
    write(connection, archive)
    clock = Clock()

    assert deliver_due(connection, by_mail(mail_channel, clock))["held"] == 4
    clock.wait(3600)
    deliver_due(connection, by_mail(mail_channel, clock))

    subjects = {mail["Subject"] for mail in mailbox.mails()}
    assert subjects == {
        "[simulated] 3 price alerts for 3 products",
        "1 new deal: $20.00 for A kettle",
    }


def test_a_report_is_not_sent_to_a_reader_who_wants_none_any_more(
    connection: Connection,
    archive: ReplyArchive,
    found: Found,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    found("B000000001")
    write(connection, archive)
    set_reports_wanted(connection, READER, ReportsWanted.OFF)

    assert deliver_due(connection, by_mail(mail_channel))["cancelled"] == 1
    assert mailbox.received == []


def test_the_deals_of_a_report_are_published_once_and_loaded_as_the_same_deals(
    connection: Connection,
    database: PostgresConfig,
    archive: ReplyArchive,
    found: Found,
    kafka: KafkaConfig,
    topic: str,
) -> None:
    found(*(f"B00000000{number}" for number in range(7)))
    write(connection, archive)
    before = connection.execute("SELECT * FROM collected_deals ORDER BY event_id").fetchall()

    assert publish_reported_deals(connection, kafka, at=AT, topic=topic) == 5
    assert publish_reported_deals(connection, kafka, at=AT, topic=topic) == 0

    with closing(DealWriter(database)) as writer:
        group = f"test-{uuid.uuid4().hex}"
        consumer = deal_consumer(kafka, writer, group=group, topic=topic, on_cycle=lambda: None)
        assert consumer.run(until_idle=True) == 5
    after = connection.execute("SELECT * FROM collected_deals ORDER BY event_id").fetchall()
    assert after == before


def test_a_report_goes_with_its_user(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    write(connection, archive)

    connection.execute("DELETE FROM users WHERE email = %s", [READER])

    assert said(connection) == []
    assert outbox(connection) == []


def test_a_message_says_exactly_one_thing(connection: Connection, found: Found) -> None:
    found("B000000001")

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("INSERT INTO outbox (channel_id) SELECT channel_id FROM channels")
