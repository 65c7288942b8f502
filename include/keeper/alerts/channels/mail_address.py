"""E-mail addresses as a mail server takes them, international ones included."""

import unicodedata
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address

import idna


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address that can be written into an envelope.

    Attributes:
        local: What stands before the @.
        domain: What stands behind it, in ASCII (`xn--mnchen-3ya.de` for `münchen.de`).
    """

    local: str
    domain: str

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) can be given it."""
        return not self.local.isascii()

    def __str__(self) -> str:
        """Return it as an envelope spells it."""
        return f"{self.local}@{self.domain}"

    def header(self, name: str = "") -> Address:
        """Return it for a header, with the name of who reads or writes there."""
        return Address(name, self.local, self.domain)


def mail_address(text: str) -> MailAddress:
    """Return the address that a text is.

    Domains follow IDNA 2008 with the mapping of UTS 46, as browsers read them.

    Raises:
        ValueError: It is none.
    """
    local, _, domain = unicodedata.normalize("NFC", text).rpartition("@")
    try:
        if any(unicodedata.category(letter)[0] in "CZ" for letter in local):
            raise ValueError
        if not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode("ascii")
        # The library reads ASCII only; a letter stands for each that is none.
        plain = "".join(letter if letter.isascii() else "x" for letter in local)
        Address(addr_spec=f"{plain}@{domain}")
    except (MessageError, IndexError, AttributeError, ValueError):
        # What the library raises beside ValueError for text it cannot parse.
        raise ValueError(f"{text[:100]!r} is not an e-mail address") from None
    return MailAddress(local, domain)
