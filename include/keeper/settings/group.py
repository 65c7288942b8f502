"""What the groups of settings have in common: their base and the rules for addresses.

A group declares, for each of its fields, the environment variable that holds it: its
`validation_alias`. Nothing else repeats the name, and errors speak of the variable.
"""

import re
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

_LAST_PORT: Final = 65_535
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:\d*)?")


class SettingsGroup(BaseModel):
    """Settings about one subject; they never change while a process runs."""

    model_config = ConfigDict(frozen=True)


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_url = is_url and parts.port != 0
    except ValueError:
        # Its text would quote the address, which may hold a password.
        is_url = False
    if not is_url:
        raise ValueError("must look like http://host:port")
    return value.rstrip("/")


def _postgres_url(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+asyncpg"}:
        raise ValueError(
            "must look like postgresql://user:password@host:5432/keeper "
            "(postgresql+asyncpg:// is accepted too)"
        )
    # Else a part of the password is taken for the host, and errors show it.
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    hosts = authority.rpartition("@")[2].split(",")
    is_clear = rest.count("@") == authority.count("@") <= 1
    if not is_clear or not all(_HOST_AND_PORT.fullmatch(host) for host in hosts):
        raise ValueError(
            "must have the special characters of its user and password percent-encoded, "
            "@ as %40 and / as %2F"
        )
    return SecretStr(f"postgresql://{rest}")


def is_this_machine(host: str) -> bool:
    """Return whether a name or address always is the machine it is used on.

    RFC 6761 6.3 keeps `localhost` and all names that end in it for that. An IPv6 address may stand
    in brackets.
    """
    name = host.lower().strip("[]").rstrip(".")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def is_readable_on_its_way(url: str) -> bool:
    """Return whether what is sent to an address crosses networks of others without TLS.

    A host of one's own network is one whose name has no dot or an ending that is kept for that
    (RFC 6762 3, RFC 8375, `.internal`), or whose address is private.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "http" or is_this_machine(host):
        return False
    try:
        return not ip_address(host).is_private
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".home.arpa"))


HttpUrl = Annotated[str, AfterValidator(_http_url)]
"""An address of a web service, without a slash at its end."""

PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]
"""An address of a database, which always begins with `postgresql://`."""


def require_user_without_password(
    variable: str, url: SecretStr | str | None, password: SecretStr | None
) -> None:
    """Refuse a password that has no place in its address.

    Args:
        variable: The address's variable, for the message.
        url: The address.
        password: The password that is set beside it, if any.

    Raises:
        ValueError: A password is set, but the address names no user, or has a password already.
    """
    text = url.get_secret_value() if isinstance(url, SecretStr) else url or ""
    parts = urlsplit(text)
    takes_password = bool(parts.username) and parts.password is None
    if password is not None and not takes_password:
        raise ValueError(
            f"{variable} must name a user and no password, like scheme://user@host:port, for a "
            "password is set for it"
        )


def with_password(url: SecretStr, password: SecretStr | None) -> SecretStr:
    """Return the address with the password in it, percent-encoded."""
    if password is None:
        return url
    parts = urlsplit(url.get_secret_value())
    user, _, hosts = parts.netloc.rpartition("@")
    login = f"{user}:{quote(password.get_secret_value(), safe='')}"
    return SecretStr(urlunsplit(parts._replace(netloc=f"{login}@{hosts}")))


def split_address(value: str) -> tuple[str, int]:
    """Return host and port of an address such as 127.0.0.1:8001.

    Raises:
        ValueError: It is none.
    """
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) <= _LAST_PORT:
        raise ValueError("must look like 127.0.0.1:8001")
    return host, int(port)


def _host_and_port(value: str) -> str:
    split_address(value)
    return value


HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
"""Where something listens."""
