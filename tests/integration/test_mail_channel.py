"""Mail over real SMTP: what each answer, and each silence, means for a delivery."""

from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.paced_smtp import SmtpLimits
from keeper.alerts.channels.reachable import ChannelUnreachableError, reach_mail, takes_utf8
from keeper.alerts.channels.smtp import SmtpConfig
from keeper.alerts.compose import alert_message
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from keeper.errors import SettingsError
from tests.alerts import NO_CONTEXT, a_context, queued
from tests.odd_smtp import (
    PASSWORD,
    ParticularMailbox,
    ScriptedServer,
    hang_up,
    own_certificate,
    particular_server,
    say,
    say_and_hang_up,
    scripted_server,
    server_context,
)
from tests.services import free_port

PLAIN = alert_message(queued(), NO_CONTEXT)
DRAWN = alert_message(queued(), a_context())
READER = "reader@example.org"


def send(config: SmtpConfig, to: str = READER, message: Any = PLAIN) -> DeliveryResult:
    return EmailChannel(config).deliver(to, message)


def deliver_by(mailbox: ParticularMailbox, to: str = READER, **options: Any) -> DeliveryResult:
    with particular_server(mailbox, **options) as config:
        return send(config, to)


def deliver_to(server: ScriptedServer, *, message: Any = PLAIN, **limits: float) -> DeliveryResult:
    with scripted_server(server) as config:
        return send(replace(config, limits=SmtpLimits(**limits)), message=message)


def is_away(result: DeliveryResult) -> bool:
    return result.status is DeliveryStatus.FAILED and result.retry and result.unreachable


def is_closed(result: DeliveryResult) -> bool:
    return result.retry and result.closes_channel and not result.unreachable


def test_a_mail_arrives_as_it_was_written() -> None:
    server = ScriptedServer()

    with scripted_server(server) as config:
        result = send(config, message=replace(DRAWN, lead=".begins with a dot\n.\n..and two"))

    assert result == DeliveryResult(DeliveryStatus.SENT, "accepted by 127.0.0.1")
    (content,) = server.received
    assert b"\r\n..begins with a dot\r\n..\r\n...and two\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")
    size = len(content.replace(b"\r\n..", b"\r\n."))
    commands = [command.lower() for command in server.commands]
    assert f"mail from:<keeper@example.org> size={size}" in commands


@pytest.mark.parametrize("weakness", ["silent", "dripping", "dropping", "odd"])
def test_without_an_answer_to_its_end_a_mail_may_have_arrived(weakness: str) -> None:
    server = ScriptedServer()
    server.end = {
        "silent": server.silence,
        "dripping": server.drip("250"),
        "dropping": hang_up,
        "odd": say("what?"),
    }[weakness]
    begun = monotonic()

    result = deliver_to(server, end_s=0.5)

    assert result.status is DeliveryStatus.UNKNOWN
    assert not result.unreachable
    assert "may have arrived" in result.detail
    assert len(server.received) == 1
    assert monotonic() - begun < 10


def test_a_server_may_take_its_time_to_look_into_a_mail() -> None:
    server = ScriptedServer()
    server.end = lambda connection: (server.stopped.wait(1.5), say("250 OK")(connection))

    result = deliver_to(server, command_s=1, data_s=1, body_s=1)

    assert result.status is DeliveryStatus.SENT
    assert len(server.received) == 1


@pytest.mark.parametrize("weakness", ["silent", "dripping", "dropping"])
@pytest.mark.parametrize("step", ["greet", "begin"])
def test_a_mail_that_was_not_handed_over_whole_is_tried_again(step: str, weakness: str) -> None:
    server = ScriptedServer()
    acts = {"silent": server.silence, "dripping": server.drip("220"), "dropping": hang_up}
    setattr(server, step, acts[weakness])
    # More than the buffers of both sides hold.
    large = replace(PLAIN, lead="a line of text\n" * (350_000 if step == "begin" else 1))
    limits = {"body_s": 0.5, "goodbye_s": 0.1} if step == "begin" else {"command_s": 0.5}

    result = deliver_to(server, message=large, **limits)

    assert is_away(result)
    assert server.received == []


@pytest.mark.parametrize(
    ("answer", "retry", "gone"),
    [
        ("451 4.7.1 try again later", True, False),
        ("554 5.7.1 looks like spam", False, False),
        ("550 5.1.1 no such user", False, True),
    ],
)
def test_an_answer_to_the_end_of_a_mail_is_an_answer(answer: str, retry: bool, gone: bool) -> None:
    server = ScriptedServer()
    server.end = say(answer)

    result = deliver_to(server)

    assert result.status is DeliveryStatus.FAILED
    assert result.detail == answer
    assert (result.retry, result.address_is_gone) == (retry, gone)
    assert not result.unreachable
    assert not result.closes_channel


@pytest.mark.parametrize("weakness", ["odd", "silent", "dropping"])
def test_a_mail_the_server_has_accepted_is_sent_however_it_says_goodbye(weakness: str) -> None:
    server = ScriptedServer()
    server.bid_farewell = {
        "odd": say("500 what?"),
        "silent": server.silence,
        "dropping": hang_up,
    }[weakness]

    assert deliver_to(server, goodbye_s=0.3).status is DeliveryStatus.SENT


@pytest.mark.parametrize("tls", ["starttls", "auto"])
def test_a_login_comes_after_starttls_and_before_the_mail(tmp_path: Path, tls: str) -> None:
    mailbox = ParticularMailbox()
    certificate = own_certificate(tmp_path)
    options: dict[str, Any] = {
        "tls_context": server_context(certificate),
        "authenticator": mailbox.authenticate,
        "auth_required": True,
    }
    with particular_server(mailbox, **options) as config:
        account = replace(config, tls=tls, ca_file=certificate, user="keeper", password=PASSWORD)

        assert send(account).status is DeliveryStatus.SENT
        assert send(replace(account, tls="none")).remedy.endswith("SMTP_USER and SMTP_PASSWORD")


def test_a_login_is_sent_where_tls_comes_first(tmp_path: Path) -> None:
    server = ScriptedServer()
    certificate = own_certificate(tmp_path)
    server.tls, server.extensions = server_context(certificate), ["AUTH PLAIN LOGIN"]
    with scripted_server(server) as config:
        account = replace(config, tls="implicit", ca_file=certificate, user="me", password="word")

        assert send(account).status is DeliveryStatus.SENT
    verbs = [command.split(" ")[0].upper() for command in server.commands]
    assert verbs == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_server_that_refuses_a_mail_before_its_end_has_answered() -> None:
    server = ScriptedServer()
    server.begin = say_and_hang_up("552 5.3.4 too large")
    with scripted_server(server) as config:
        result = send(config, message=replace(PLAIN, lead="a line of text\n" * 350_000))

    assert result.detail == "552 5.3.4 too large"
    assert not result.retry
    assert not result.unreachable


def test_a_server_that_shuts_down_is_away() -> None:
    server = ScriptedServer()
    server.end = say("421 4.3.2 shutting down")

    assert is_away(deliver_to(server))


def test_nobody_there_is_away_and_names_the_settings() -> None:
    result = send(SmtpConfig("127.0.0.1", free_port(), "keeper@example.org"))

    assert is_away(result)
    assert result.remedy == "check SMTP_HOST, SMTP_PORT and KEEPER_SMTP_TLS"


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        ("535 5.7.8 Username and Password not accepted", "Gmail and Outlook want an app password"),
        ("534 5.7.9 Application-specific password required", "wants an app password"),
        ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
         "switched off logins by password"),
        ("538 5.7.11 Encryption required", "KEEPER_SMTP_TLS"),
    ],
)  # fmt: skip
def test_a_refused_login_closes_mail_and_says_what_to_set(
    tmp_path: Path, answer: str, remedy: str
) -> None:
    mailbox = ParticularMailbox()
    mailbox.login = answer
    certificate = own_certificate(tmp_path)
    options = {"tls_context": server_context(certificate), "authenticator": mailbox.authenticate}
    with particular_server(mailbox, **options) as config:
        account = replace(
            config, tls="starttls", ca_file=certificate, user="keeper", password=PASSWORD
        )
        result = send(account)
        with pytest.raises(SettingsError, match=remedy):
            reach_mail(account)

    assert is_closed(result)
    assert remedy in result.remedy
    assert result.detail == f"login refused: {' '.join(answer.split(' ')[:2])}"
    assert PASSWORD not in str(result)
    assert mailbox.received == []


def test_a_login_that_cannot_be_answered_now_is_tried_again(tmp_path: Path) -> None:
    mailbox = ParticularMailbox()
    mailbox.login = "454 4.7.0 Temporary authentication failure"
    certificate = own_certificate(tmp_path)
    options = {"tls_context": server_context(certificate), "authenticator": mailbox.authenticate}
    with particular_server(mailbox, **options) as config:
        result = send(
            replace(config, tls="starttls", ca_file=certificate, user="keeper", password=PASSWORD)
        )

    assert is_away(result)
    assert not result.closes_channel


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        ("553 5.7.1 Sender address rejected: not owned by user", "KEEPER_MAIL_FROM"),
        ("530 5.7.0 Authentication required", "SMTP_USER and SMTP_PASSWORD"),
        ("530 5.7.0 Must issue a STARTTLS command first", "KEEPER_SMTP_TLS"),
    ],
)
def test_a_refused_sender_closes_mail_and_says_what_to_set(answer: str, remedy: str) -> None:
    mailbox = ParticularMailbox()
    mailbox.sender = answer

    result = deliver_by(mailbox)

    assert is_closed(result)
    assert result.detail == f"sender refused: {answer}"
    assert remedy in result.remedy


def test_a_server_that_speaks_something_else_is_away() -> None:
    server = ScriptedServer()
    server.answer_command = say("what is this?")

    assert is_away(deliver_to(server))


def test_an_account_that_has_sent_too_much_waits() -> None:
    mailbox = ParticularMailbox()
    mailbox.sender = "550 5.4.5 Daily user sending limit exceeded"

    result = deliver_by(mailbox)

    assert is_away(result)
    assert not result.closes_channel


def test_a_mail_that_is_too_large_concerns_itself_alone() -> None:
    mailbox = ParticularMailbox()
    mailbox.sender = "552 5.3.4 Message size exceeds fixed limit"

    result = deliver_by(mailbox)

    assert result == DeliveryResult(
        DeliveryStatus.FAILED,
        "sender refused: 552 5.3.4 Message size exceeds fixed limit",
        remedy="the mail is larger than this server takes",
    )


@pytest.mark.parametrize(
    ("answer", "retry", "gone"),
    [
        ("550 5.1.1 no such user", False, True),
        ("550 5.2.1 mailbox disabled", False, True),
        ("556 5.1.10 recipient address has null MX", False, True),
        ("550 mailbox unavailable", False, False),
        ("552 5.2.2 mailbox full", False, False),
        ("554 5.7.1 Relay access denied", False, False),
        ("450 4.7.1 greylisted", True, False),
        ("550 4.1.1 of two minds", False, False),
    ],
)
def test_one_refused_recipient_is_none_of_the_others_business(
    answer: str, retry: bool, gone: bool
) -> None:
    mailbox = ParticularMailbox()
    mailbox.recipients = {"gone@example.org": answer}

    with particular_server(mailbox) as config:
        refused, other = send(config, "gone@example.org"), send(config)

    assert refused.status is DeliveryStatus.FAILED
    assert refused.detail == f"recipient refused: {answer}"
    assert (refused.retry, refused.address_is_gone) == (retry, gone)
    assert not refused.unreachable
    assert not refused.closes_channel
    assert other.status is DeliveryStatus.SENT


def test_a_domain_of_other_letters_is_written_in_ascii() -> None:
    mailbox = ParticularMailbox()

    result = deliver_by(mailbox, "info@münchen.de")

    assert result.status is DeliveryStatus.SENT
    assert mailbox.received[0][0] == "info@xn--mnchen-3ya.de"
    assert mailbox.mails()[0]["To"] == "info@xn--mnchen-3ya.de"


def test_an_address_of_other_letters_is_refused_where_the_server_cannot_take_it() -> None:
    mailbox = ParticularMailbox()

    with particular_server(mailbox) as config:
        refused, other = send(config, "jörg@example.org"), send(config)
        assert takes_utf8(config) is False

    assert refused.status is DeliveryStatus.FAILED
    assert refused.address_is_gone
    assert not refused.retry
    assert not refused.unreachable
    assert "SMTPUTF8" in refused.remedy
    assert other.status is DeliveryStatus.SENT


def test_a_sender_of_other_letters_is_the_operators_affair_and_no_readers() -> None:
    with particular_server(ParticularMailbox()) as config:
        refused = send(replace(config, sender="Käfer <käfer@example.org>"))

    assert is_closed(refused)
    assert not refused.address_is_gone
    assert "KEEPER_MAIL_FROM" in refused.remedy


def test_an_address_of_other_letters_gets_mail_where_the_server_can() -> None:
    mailbox = ParticularMailbox()

    with particular_server(mailbox, enable_SMTPUTF8=True) as config:
        result = send(config, "jörg@münchen.de")
        assert takes_utf8(config) is True

    assert result.status is DeliveryStatus.SENT
    assert mailbox.received[0][0] == "jörg@xn--mnchen-3ya.de"


@pytest.mark.parametrize("tls", ["starttls", "implicit", "auto"])
def test_a_certificate_of_a_private_authority_needs_its_file(tmp_path: Path, tls: str) -> None:
    mailbox = ParticularMailbox()
    certificate = own_certificate(tmp_path)
    context = server_context(certificate)
    options = {"ssl_context": context} if tls == "implicit" else {"tls_context": context}
    with particular_server(mailbox, **options) as config:
        unknown = replace(config, tls=tls)
        refused, taken = send(unknown), send(replace(unknown, ca_file=certificate))
        with pytest.raises(SettingsError, match="KEEPER_SMTP_CA_FILE"):
            reach_mail(unknown)

    assert is_closed(refused)
    assert "not trusted" in refused.detail
    assert "KEEPER_SMTP_CA_FILE" in refused.remedy
    assert taken.status is DeliveryStatus.SENT


@pytest.mark.parametrize(
    ("host", "days", "remedy", "closes"),
    [
        ("mail.example.org", 2, "set SMTP_HOST to a name that is in the certificate", True),
        ("127.0.0.1", -1, "the mail server needs a new certificate", False),
    ],
)
def test_what_else_is_wrong_with_a_certificate_is_said(
    tmp_path: Path, host: str, days: int, remedy: str, closes: bool
) -> None:
    certificate = own_certificate(tmp_path, host=host, days=days)
    with particular_server(ParticularMailbox(), tls_context=server_context(certificate)) as config:
        result = send(replace(config, tls="starttls", ca_file=certificate))

    assert result.remedy == remedy
    assert result.closes_channel is closes
    assert result.retry


@pytest.mark.parametrize("tls", ["auto", "starttls"])
def test_no_login_goes_over_a_line_without_tls(tls: str) -> None:
    server = ScriptedServer()
    server.extensions = ["AUTH PLAIN LOGIN"]
    with scripted_server(server) as config:
        result = send(replace(config, tls=tls, user="keeper", password=PASSWORD))

    assert is_closed(result)
    assert "KEEPER_SMTP_TLS" in result.remedy
    assert not [command for command in server.commands if command.startswith("AUTH")]


def test_a_server_without_tls_gets_none_where_tls_comes_first() -> None:
    with scripted_server(ScriptedServer()) as config:
        result = send(replace(config, tls="implicit"))
        with pytest.raises(ChannelUnreachableError, match="KEEPER_SMTP_TLS"):
            reach_mail(replace(config, tls="implicit"))

    assert is_away(result)
    assert "KEEPER_SMTP_TLS" in result.remedy


def test_a_file_of_authorities_that_is_gone_is_named(tmp_path: Path) -> None:
    with scripted_server(ScriptedServer()) as config:
        result = send(replace(config, ca_file=tmp_path / "gone.pem"))

    assert is_closed(result)
    assert "gone.pem: No such file" in result.detail
    assert "KEEPER_SMTP_CA_FILE" in result.remedy


def test_a_server_that_hangs_up_on_a_wrong_password_has_refused_it(tmp_path: Path) -> None:
    server = ScriptedServer()
    certificate = own_certificate(tmp_path)
    server.tls = server_context(certificate)
    server.extensions = ["AUTH PLAIN LOGIN"]
    server.log_in = say_and_hang_up("535 5.7.8 no")
    with scripted_server(server) as config:
        account = replace(config, tls="implicit", ca_file=certificate, user="me", password="no")

        result = send(account)

    assert is_closed(result)
    assert result.detail == "login refused: 535 5.7.8"


@pytest.mark.parametrize("extensions", [[], ["AUTH GSSAPI"]])
def test_a_login_that_the_server_has_no_use_for_closes_mail(
    tmp_path: Path, extensions: list[str]
) -> None:
    server = ScriptedServer()
    certificate = own_certificate(tmp_path)
    server.tls, server.extensions = server_context(certificate), extensions
    with scripted_server(server) as config:
        account = replace(config, tls="implicit", ca_file=certificate, user="me", password="no")

        result = send(account)

    assert is_closed(result)
    assert "SMTP_USER" in result.remedy


def test_a_password_that_smtp_cannot_carry_closes_mail_and_is_not_shown(tmp_path: Path) -> None:
    server = ScriptedServer()
    certificate = own_certificate(tmp_path)
    server.tls, server.extensions = server_context(certificate), ["AUTH PLAIN LOGIN"]
    with scripted_server(server) as config:
        account = replace(config, tls="implicit", ca_file=certificate, user="me", password="s3crét")

        result = send(account)

    assert is_closed(result)
    assert "s3cr" not in str(result)
    assert not [command for command in server.commands if command.startswith("AUTH")]
