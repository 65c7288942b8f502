"""Real replies from a folder, served instead of simulated ones for the products they hold.

Two sorts of `*.json` files are read: one product object each (`product_ASIN_KEEPAMINUTE.json`), and
whole replies with `products` or `deals`. A deals reply belongs to the locale its name starts with
(`deals_us_….json`), or to any if the name has none. Other files are left alone.
"""

import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from keeper.domain.locales import LOCALES, Locale
from keeper.errors import SettingsError
from keeper.simulator.documents import InvalidDocumentError, read_document

_log = logging.getLogger(__name__)
_PRODUCT_NAME: Final = re.compile(r"product_[0-9A-Z]{10}_(\d+)")
_CODE_DIGITS: Final = 13
_DEALS_NAME: Final = re.compile(r"deals?_([a-z]{2})(?:_|$)")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Where a recorded product is: a file and, in a whole reply, its place there."""

    minute: int
    path: Path
    place: int | None


class Recordings:
    """What a folder of recorded replies holds; products are read from disk when asked for."""

    def __init__(self, folder: Path | None = None) -> None:
        """Look through a folder; None stands for one without recordings.

        Raises:
            SettingsError: The folder is not there.
        """
        self._snapshots: dict[tuple[str, int], list[_Snapshot]] = defaultdict(list)
        self._codes: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._deals: dict[int | None, Path] = {}
        if folder is None:
            return
        if not folder.is_dir():
            raise SettingsError(
                f"the recordings folder {folder} does not exist; check --recordings"
            )
        for path in sorted(folder.glob("*.json")):
            self._add(path)
        for snapshots in self._snapshots.values():
            snapshots.sort(key=lambda snapshot: snapshot.minute)

    def __len__(self) -> int:
        return len(self._snapshots)

    def asins(self, locale: Locale) -> list[str]:
        """Return the ASINs recorded in a locale."""
        return sorted(asin for asin, keepa_id in self._snapshots if keepa_id == locale.keepa_id)

    def product(self, asin: str, locale: Locale, at: int) -> dict[str, Any] | None:
        """Return a recorded product as it stands in its file, None if there is none.

        Of several snapshots this is the newest not after the Keepa minute `at`; before the first of
        them it is the first, so that time running forward never goes back to an older one.
        """
        snapshots = self._snapshots.get((asin, locale.keepa_id))
        if not snapshots:
            return None
        past = [snapshot for snapshot in snapshots if snapshot.minute <= at]
        chosen = past[-1] if past else snapshots[0]
        document = read_document(chosen.path.read_bytes())
        product: dict[str, Any] = (
            document if chosen.place is None else document["products"][chosen.place]
        )
        return product

    def with_code(self, code: str, locale: Locale) -> list[str]:
        """Return the ASINs of the recorded products that carry an EAN or ISBN-13."""
        return sorted(self._codes.get((code, locale.keepa_id), ()))

    def deals(self, locale: Locale) -> dict[str, Any] | None:
        """Return the `deals` of the locale's last recorded reply, None if there is none."""
        path = self._deals.get(locale.keepa_id) or self._deals.get(None)
        if path is None:
            return None
        deals: dict[str, Any] = read_document(path.read_bytes())["deals"]
        return deals

    def _add(self, path: Path) -> None:
        try:
            document = read_document(path.read_bytes())
        except InvalidDocumentError:
            _log.warning("recording %s is not JSON and is left out", path.name)
            return
        if not isinstance(document, dict):
            return
        if isinstance(document.get("deals"), dict):
            named = _DEALS_NAME.match(path.stem)
            ids = {locale.domain: locale.keepa_id for locale in LOCALES}
            self._deals[ids.get(named.group(1)) if named else None] = path
        products = document.get("products")
        if isinstance(products, list):
            for place, product in enumerate(products):
                self._add_product(product, path, place)
        else:
            self._add_product(document, path, None)

    def _add_product(self, product: Any, path: Path, place: int | None) -> None:
        if not isinstance(product, dict):
            return
        asin, keepa_id = product.get("asin"), product.get("domainId")
        if not isinstance(asin, str) or not isinstance(keepa_id, int):
            return
        named = _PRODUCT_NAME.fullmatch(path.stem)
        minute = int(named.group(1)) if named else product.get("lastUpdate")
        if not isinstance(minute, int):
            minute = 0
        self._snapshots[asin, keepa_id].append(_Snapshot(minute, path, place))
        for name in ("eanList", "upcList"):
            for code in product.get(name) or ():
                self._codes[str(code).zfill(_CODE_DIGITS), keepa_id].add(asin)
