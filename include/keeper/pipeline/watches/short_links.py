"""Follows Amazon's short links to the product they mean, when somebody asks for it.

Only Amazon's own hosts are asked, so that a pasted link cannot make Keeper call others, and each
answer's address is read before it is asked: a product's page itself is never fetched.
"""

import logging
import time
from typing import Final

import httpx

from keeper.domain.asins import InvalidAsinError, is_short_host, parse_product_address
from keeper.domain.locales import UnknownLocaleError, locale_of_host

# At level INFO it logs every URL.
logging.getLogger("httpx").setLevel(logging.WARNING)

_MOST_HOPS: Final = 5
_TIMEOUT_S: Final = 10.0
"""For all hops together."""


class ShortLinkNotFollowedError(ValueError):
    """A short link led to no product."""


def follow_short_link(link: str, *, transport: httpx.BaseTransport | None = None) -> str:
    """Return the address of the product that a short link leads to; waits 10 seconds at most.

    Args:
        link: Of one of Amazon's short hosts; without a scheme, https.
        transport: What sends the requests, if not httpx's own.

    Raises:
        ShortLinkNotFollowedError: One sentence. It leads to another host or to no product, in too
            many hops, or no answer came in time.
    """
    ends = time.monotonic() + _TIMEOUT_S
    try:
        url = httpx.URL(link if "://" in link else f"https://{link}")
        with httpx.Client(transport=transport, trust_env=transport is None) as client:
            for _ in range(_MOST_HOPS):
                if not _is_amazons(url):
                    raise ShortLinkNotFollowedError(
                        f"{link!r} leads to {url.host}, which is not Amazon's; it was not opened"
                    )
                url = _next(client, link, url, ends - time.monotonic())
                if _is_product(str(url)):
                    return str(url)
    except httpx.TimeoutException:
        raise ShortLinkNotFollowedError(
            f"{link!r} did not answer within {_TIMEOUT_S:.0f} seconds"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ShortLinkNotFollowedError(f"{link!r} could not be opened: {error}") from None
    raise ShortLinkNotFollowedError(f"{link!r} leads to no product in {_MOST_HOPS} hops")


def _next(client: httpx.Client, link: str, url: httpx.URL, left_s: float) -> httpx.URL:
    """Return where an address leads; its answer's body is not read."""
    if left_s <= 0:
        raise httpx.ReadTimeout("no time left")
    with client.stream("GET", url, timeout=left_s) as answer:
        target = answer.headers.get("location")
        if not answer.is_redirect or not target:
            raise ShortLinkNotFollowedError(
                f"{link!r} ends at {url.host} with status {answer.status_code}, not at a product; "
                "open it and copy the address of the page"
            )
        return url.join(target)


def _is_amazons(url: httpx.URL) -> bool:
    if url.scheme not in ("http", "https") or url.userinfo or url.port is not None:
        return False
    if is_short_host(url.host):
        return True
    try:
        locale_of_host(url.host)
    except UnknownLocaleError:
        return False
    return True


def _is_product(address: str) -> bool:
    try:
        return parse_product_address(address).locale is not None
    except (InvalidAsinError, UnknownLocaleError):
        return False
