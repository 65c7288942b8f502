"""The tables and topics Keeper writes, as Airflow sees them."""

from typing import Final

from airflow.sdk import Asset

PRICE_HISTORY: Final = Asset(name="price_history", uri="keeper://postgres/price_history")
PRICE_UPDATES: Final = Asset(name="price-updates", uri="keeper://kafka/price-updates")
PRICE_BACKFILL: Final = Asset(name="price-backfill", uri="keeper://kafka/price-backfill")
COLLECTED_DEALS: Final = Asset(name="collected_deals", uri="keeper://postgres/collected_deals")
DEAL_UPDATES: Final = Asset(name="deal-updates", uri="keeper://kafka/deal-updates")
DEAL_REPORTS: Final = Asset(name="deal_reports", uri="keeper://postgres/deal_reports")
