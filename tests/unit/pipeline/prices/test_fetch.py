"""Fetching a batch: what is paid for is stored before the next is asked for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keeper.domain.locales import Locale
from keeper.domain.prices.events import Source
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.fetch import FetchResult, fetch_batch
from keeper.sources.keepa.client import Envelope, ProductPage
from keeper.sources.keepa.errors import TokensExhaustedError
from keeper.sources.keepa.products.requests import BASIC, ProductQuery
from keeper.stores.lake.run_files import BatchFolder

AT = datetime(2026, 3, 1, tzinfo=UTC)
ASINS = [f"B{number:09d}" for number in range(10)]


class PagedSource:
    """Gives three products a page at one token each; out of tokens after `pages` pages."""

    source: Source = "simulator"

    def __init__(self, pages: int | None = None) -> None:
        self.pages = pages
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def product_pages(
        self,
        locale: Locale,
        asins: Sequence[str],
        query: ProductQuery = BASIC,
        *,
        page_products: int | None = None,
        may_use_reserve: bool = False,
    ) -> Iterator[ProductPage]:
        for start in range(0, len(asins), 3):
            if self.pages is not None and len(self.asked) == self.pages:
                raise TokensExhaustedError("no tokens")
            asked = tuple(asins[start : start + 3])
            self.asked.append((locale.domain, asked))
            envelope = Envelope(
                timestamp=AT,
                tokens_left=100,
                refill_in_ms=60_000,
                refill_rate=20,
                tokens_consumed=len(asked),
                processing_time_ms=1,
            )
            body = ",".join(asked).encode()
            yield ProductPage(locale, asked, query.detail, body, AT, envelope)


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    folder = BatchFolder.of(tmp_path, "run", 0)
    folder.write_plan(
        ProductToCheck(asin, domain, {"NEW": None}, {})
        for asin, domain in zip(ASINS, ["us", "de"] * 5, strict=True)
    )
    return folder


def bodies(folder: BatchFolder) -> list[str]:
    asins = ",".join(folder.read_page(page).decode() for page in folder.pages())
    return asins.split(",")


def test_every_product_is_asked_for_once_locale_by_locale(folder: BatchFolder) -> None:
    source = PagedSource()

    assert fetch_batch(folder, source) == FetchResult(asked=10, pages=4, tokens=10)

    assert [domain for domain, _ in source.asked] == ["de", "de", "us", "us"]
    assert sorted(bodies(folder)) == ASINS


@pytest.mark.parametrize("pages", range(4))
def test_an_error_loses_nothing_paid_for_and_a_retry_goes_on(
    folder: BatchFolder, pages: int
) -> None:
    first, second = PagedSource(pages), PagedSource()
    with pytest.raises(TokensExhaustedError):
        fetch_batch(folder, first)
    assert len(folder.pages()) == pages

    assert fetch_batch(folder, second).tokens == 10

    asked = [asin for _, asins in (*first.asked, *second.asked) for asin in asins]
    assert sorted(asked) == ASINS
    assert sorted(bodies(folder)) == ASINS


def test_a_batch_fetched_whole_asks_for_nothing(folder: BatchFolder) -> None:
    done = fetch_batch(folder, PagedSource())

    assert fetch_batch(folder, PagedSource(pages=0)) == done


def test_a_half_written_page_is_fetched_again(folder: BatchFolder, tmp_path: Path) -> None:
    fetch_batch(folder, PagedSource())
    (tmp_path / "runs" / "run" / "batch-000" / "page-0003.json").write_bytes(b'{"num')
    again = PagedSource()

    assert fetch_batch(folder, again).asked == 10

    assert again.asked == [("us", (ASINS[6], ASINS[8]))]
    assert sorted(bodies(folder)) == ASINS
