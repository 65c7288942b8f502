"""`keeper discover`, as a person types it, on a real PostgreSQL and the simulator."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.domain.discovery import Proposal
from keeper.settings import load_settings
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.discovery.proposals import add_proposals
from tests.keepa_simulator import Simulator

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _settings(
    database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KEEPA_API_KEY", raising=False)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KEEPER_USER_EMAIL", "operator@example.org")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, ["discover", *words])


@pytest.fixture
def proposed(database: PostgresConfig) -> None:
    """A search and two products it found, one of them in two locales."""
    keeper("add", "best-sellers", "--category", "7", "--name", "keyboards")
    with session(database) as connection:
        add_proposals(
            connection,
            [
                Proposal(
                    asin=asin,
                    domain=domain,
                    discovery_id=1,
                    title=f"Keyboard {asin}",
                    price_type="NEW",
                    price_minor=4999,
                    currency="USD" if domain == "us" else "EUR",
                    average_90_days_minor=5999,
                    target_minor=5399,
                    rating=4.5,
                    review_count=10,
                    sales_rank=12,
                    source="keepa",
                    run_id="discover_products/one",
                )
                for asin, domain in [
                    ("B000000001", "us"),
                    ("B000000001", "de"),
                    ("B000000002", "us"),
                ]
            ],
        )


def test_searches_are_saved_listed_and_removed() -> None:
    saved = keeper("add", "best-sellers", "--domain", "US", "--category", "7", "--propose", "5")
    finder = keeper(
        "add",
        "finder",
        "--domain",
        "de",
        "--selection",
        '{"current_SALES_lte": 9}',
        "--below-average",
        "15",
    )
    priced = keeper("add", "finder", "--selection", '{"avg90_NEW_lte": 1500}', "--name", "cheap")

    assert saved.output == "saved: 1 us best sellers of 7\n"
    assert finder.output == "saved: 2 de current_SALES_lte=9\n"
    # The finder's amounts are in minor units.
    assert priced.output == "saved: 3 us cheap\n  avg90_NEW_lte: $15.00\n"
    listed = keeper("list").output
    assert "best sellers of 7" in listed
    assert "NEW −15 %" in listed
    assert keeper("remove", "1").output == "removed: best sellers of 7\n"
    assert keeper("remove", "1").exit_code == 1
    assert "best sellers of 7" not in keeper("list").output
    again = keeper("add", "finder", "--selection", '{"avg90_NEW_lte": 900}', "--name", "cheap")
    assert 'selection: {"avg90_NEW_lte": 1500} → {"avg90_NEW_lte": 900}' in again.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "finder", "--selection", '{"current_SALE_lte": 9}'), "current_SALES_lte"),
        (("add", "best-sellers", "--category", "7", "--domain", "nl"), "'nl'"),
        (("add", "best-sellers", "--category", "7", "--rank-range", "7"), "rank range is 0, 30,"),
        (("add", "best-sellers", "--category", "7", "--price-type", "SALES"), "not a price"),
        (("proposals", "--state", "maybe"), "'maybe'"),
        (("approve", "B000000001", "--user", "nobody"), "'nobody'"),
    ],
    ids=["a field", "a locale", "a range", "a price type", "a state", "a user"],
)
def test_mistakes_are_named_and_nothing_is_saved(words: tuple[str, ...], said: str) -> None:
    result = keeper(*words)

    assert result.exit_code == 2
    assert said in result.output
    assert "Nothing is looked for yet" in keeper("list").output


@pytest.mark.usefixtures("proposed")
def test_a_product_is_approved_for_a_user_in_every_locale_it_was_proposed_in() -> None:
    asked = keeper("approve", "b000000001", "--user", "reader@example.org")
    assert asked.exit_code == 2
    said = " ".join(asked.output.replace("│", " ").split())
    assert "B000000001 is proposed in de, us: give --domain de or --domain us" in said

    done = keeper("approve", "b000000001", "--all-domains", "--user", "reader@example.org")

    assert done.output == (
        "B000000001 de: state: PROPOSED → APPROVED\nB000000001 us: state: PROPOSED → APPROVED\n"
        "approved: 2, rejected: 0\n"
    )
    watched = CliRunner().invoke(app, ["watch", "export", "--user", "reader@example.org"]).output
    assert re.findall(r"B\d+,\w+,NEW,[\d.]+", watched) == [
        "B000000001,de,NEW,53.99",
        "B000000001,us,NEW,53.99",
    ]
    assert "APPROVED by operator@example.org" in " ".join(
        keeper("proposals", "--state", "approved").output.split()
    )


@pytest.mark.usefixtures("proposed")
def test_a_rejected_product_is_remembered_and_cannot_be_decided_again() -> None:
    assert keeper("reject", "B000000001", "--domain", "de").output == (
        "B000000001 de: state: PROPOSED → REJECTED\napproved: 0, rejected: 1\n"
    )

    again = keeper("approve", "B000000001", "--domain", "de")

    assert again.exit_code == 1
    assert "not waiting for a decision: B000000001" in again.output
    assert "B000000001" in keeper("proposals", "--state", "rejected").output
    assert "B000000002" in keeper("proposals").output


def test_a_categorys_number_is_looked_up_by_name(
    simulate: Callable[..., Simulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPER_SIMULATOR_URL", simulate().url)
    load_settings.cache_clear()

    found = keeper("categories", "--domain", "us", "--search", "electronics")

    assert found.exit_code == 0, found.output
    assert re.search(r"1\d{9}  Electronics  \(root category\)", found.output)
    assert keeper("categories", "--search", "nonsense").exit_code == 1
