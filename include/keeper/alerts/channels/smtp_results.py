"""What a mail server's answers mean for a delivery, and what helps."""

import re
import socket
import ssl
from typing import Final

from keeper.alerts.channels.paced_smtp import OutcomeUnknownError
from keeper.alerts.channels.refusals import (
    CLOSED,
    GONE,
    IS_AWAY,
    LATER,
    THIS_MESSAGE,
    Meaning,
    Rule,
    failed,
    first_rule,
    rule,
    unknown,
)
from keeper.alerts.channels.smtp import (
    CaFileError,
    NoLoginError,
    NoTlsError,
    NoUtf8Error,
    SmtpConfig,
    SmtpRefusedError,
    Step,
)
from keeper.alerts.message import inert
from keeper.domain.messages.queue import DeliveryResult

_LONGEST_TEXT: Final = 300
_ENHANCED: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_CERTIFICATE_EXPIRED: Final = 10
_HOST_MISMATCH: Final = (62, 64)
"""OpenSSL's numbers of what is wrong with a certificate."""

CHECK_LOGIN: Final = "check SMTP_USER and SMTP_PASSWORD"
_APP_PASSWORD: Final = (
    f"{CHECK_LOGIN}: this provider wants an app password, made on its security page, in place of "
    "the account's own"
)
_ANY_LOGIN: Final = f"{CHECK_LOGIN}; Gmail and Outlook want an app password"
_NO_PASSWORDS: Final = (
    f"{CHECK_LOGIN}: this provider has switched off logins by password for the account; allow "
    "authenticated SMTP there, or use another mail server"
)
_WANTS_TLS: Final = (
    "this server wants TLS: set KEEPER_SMTP_TLS to starttls, or to implicit with SMTP_PORT 465"
)
_WANTS_LOGIN: Final = "this server wants a login: set SMTP_USER and SMTP_PASSWORD"
_SENDER: Final = (
    "set KEEPER_MAIL_FROM to an address that this server lets the login of SMTP_USER send from"
)
_TOO_LARGE: Final = "the mail is larger than this server takes"
_LIMIT: Final = "the account has sent as much as its provider allows for now"
_NO_RELAY: Final = (
    "this server takes mail for its own addresses only: set SMTP_USER and SMTP_PASSWORD, or "
    "SMTP_HOST and SMTP_PORT to where your provider takes outgoing mail"
)
_NOT_AUTHENTIC: Final = (
    "the domain of KEEPER_MAIL_FROM does not name this server as one of its own: set its SPF, DKIM "
    "and DMARC records, or send from an address of the server's domain"
)
_NO_UTF8: Final = (
    "the letters before the @ are not all ASCII, and this mail server cannot take such an "
    "address (it lacks SMTPUTF8): use another address"
)
_TRUST: Final = (
    "name the file of the authority that issued it, or of the certificate itself, in "
    "KEEPER_SMTP_CA_FILE"
)
_OTHER_HOST: Final = "set SMTP_HOST to a name that is in the certificate"
_WHICH_TLS: Final = (
    "check KEEPER_SMTP_TLS and SMTP_PORT: implicit belongs to port 465, starttls to 587; with none "
    "mail goes without TLS and without a login"
)
_WHERE: Final = "check SMTP_HOST, SMTP_PORT and KEEPER_SMTP_TLS"


def _rule(steps: str, answers: str, meaning: Meaning, remedy: str = "") -> Rule:
    """Return a row for answers "code enhanced-code text" at some steps."""
    return rule(f"(?:{steps}) (?:{answers})", meaning, remedy)


_RULES: Final = (
    # RFC 5321, 3.8: the server shuts down, whatever it was asked.
    _rule(r"\w+", "421", IS_AWAY),
    _rule("connection", "", IS_AWAY, _WHERE),
    # RFC 4954, 4 and 6.
    _rule("login", r"432|... 4\.7\.12", CLOSED, _ANY_LOGIN),
    _rule("login", "4", IS_AWAY),
    _rule("login", r"538|... 5\.7\.11|.*starttls", CLOSED, _WANTS_TLS),
    _rule("login", r"... 5\.7\.139|.*basic auth|.*smtpclientauth", CLOSED, _NO_PASSWORDS),
    _rule("login", r"534|... 5\.7\.9 |.*app(lication)?[- ](specific )?password", CLOSED,
          _APP_PASSWORD),
    _rule("login", "5", CLOSED, _ANY_LOGIN),
    _rule("login", "", IS_AWAY),
    _rule("sender|recipient", "5.*starttls", CLOSED, _WANTS_TLS),
    _rule("sender|recipient", r"530|5.*authenti?cation (is )?required", CLOSED, _WANTS_LOGIN),
    # RFC 1870 and RFC 3463: the size is announced with the sender.
    _rule("sender|message", r"552|5.. 5\.(3\.4|2\.3)", THIS_MESSAGE, _TOO_LARGE),
    _rule("sender|recipient|message", r"5.. 5\.4\.5 |5.*sending (limit|quota)", IS_AWAY, _LIMIT),
    _rule("sender", "4", IS_AWAY),
    _rule("sender", "", CLOSED, _SENDER),
    _rule("recipient|message", "4", LATER),
    # RFC 3463, 3.2 and 3.3; RFC 7505 (5.1.10).
    _rule("recipient|message", r"5.. 5\.1\.(1|2|3|6|10) |5.. 5\.2\.1 ", GONE,
          "check the address: its server does not know it"),
    _rule("recipient|message", r"5.. 5\.6\.7 ", GONE, _NO_UTF8),
    # RFC 7372: SPF, DKIM, DMARC and the reverse look-up.
    _rule("recipient|message", r"5.. 5\.7\.2\d|5.*\b(spf|dkim|dmarc)\b", THIS_MESSAGE,
          _NOT_AUTHENTIC),
    _rule("recipient", "5.*relay", THIS_MESSAGE, _NO_RELAY),
)  # fmt: skip
"""The first that fits says what a refusal means; one that none fits concerns this message alone."""


def failed_mail(error: Exception, config: SmtpConfig) -> DeliveryResult:
    """Return how an attempt ended that raised one of MAIL_PROBLEMS."""
    if isinstance(error, SmtpRefusedError):
        return _refused(error)
    if isinstance(error, OutcomeUnknownError):
        return unknown(
            f"{config.host} was handed the whole mail and did not answer ({inert(str(error))})"
        )
    return _unanswered(error)


def _unanswered(error: Exception) -> DeliveryResult:
    """Return what an error means that is no answer of the server."""
    said = inert(str(error), _LONGEST_TEXT)
    match error:
        case CaFileError():
            return failed(CLOSED, said, "check KEEPER_SMTP_CA_FILE")
        case NoTlsError():
            return failed(CLOSED, said, _WHICH_TLS)
        case NoLoginError():
            return failed(CLOSED, said, CHECK_LOGIN)
        case NoUtf8Error():
            return failed(GONE, "the server lacks SMTPUTF8", _NO_UTF8)
        case ssl.SSLCertVerificationError():
            detail = f"the server's certificate is not trusted: {error.verify_message}"
            if error.verify_code == _CERTIFICATE_EXPIRED:
                return failed(IS_AWAY, detail, "the mail server needs a new certificate")
            is_other = error.verify_code in _HOST_MISMATCH
            return failed(CLOSED, detail, _OTHER_HOST if is_other else _TRUST)
        case ssl.SSLError():
            return failed(IS_AWAY, f"no TLS: {error.reason or said}", _WHICH_TLS)
        case socket.gaierror() | UnicodeError():
            return failed(IS_AWAY, f"no such host: {said}", "check SMTP_HOST")
        case _:
            return failed(IS_AWAY, f"{type(error).__name__}: {said}", _WHERE)


def _refused(error: SmtpRefusedError) -> DeliveryResult:
    enhanced = _ENHANCED.match(error.text.strip())
    # One of another class than the code's own is a mistake of the server; the code counts.
    fits = enhanced is not None and enhanced[1] == str(error.code)[0]
    code = f"{error.code} {enhanced[0]}" if enhanced is not None and fits else str(error.code)
    text = inert(error.text, _LONGEST_TEXT)
    found = first_rule(_RULES, f"{error.step} {code} {text}")
    if error.step is Step.LOGIN:
        # The text may quote the login.
        return failed(found.meaning, f"login refused: {code}", found.remedy)
    subject = {Step.SENDER: "sender refused: ", Step.RECIPIENT: "recipient refused: "}
    said = f"{error.code} {text}".strip()
    return failed(found.meaning, subject.get(error.step, "") + said, found.remedy)
