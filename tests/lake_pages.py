"""Raw replies put into a batch's folder as if they had been fetched."""

from datetime import UTC, datetime

from keeper.domain.prices.detail import Detail
from keeper.stores.lake.run_files import BatchFolder, StoredPage

AT = datetime(2026, 3, 1, tzinfo=UTC)


def add_page(
    folder: BatchFolder,
    number: int,
    body: bytes,
    *,
    domain: str = "us",
    asked: tuple[str, ...] = ("B000000001",),
    received_at: datetime = AT,
    endpoint: str = "product",
    detail: Detail = Detail.BASIC,
) -> StoredPage:
    """Store a simulated reply that cost a token for each thing asked."""
    return folder.write_page(
        number,
        body,
        endpoint=endpoint,
        domain=domain,
        asked=asked,
        received_at=received_at,
        tokens_consumed=len(asked),
        source="simulator",
        detail=detail,
    )
