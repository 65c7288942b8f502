"""`keeper watch`, as a person types it, on a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.stored_prices import store_history

BUY_BOX = "BUY_BOX_SHIPPING"


@pytest.fixture(autouse=True)
def _settings(
    database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KEEPER_USER_EMAIL", "reader@example.org")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def keeper(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=stdin)


def export() -> list[str]:
    return keeper("watch", "export").stdout.splitlines()[1:]


def test_a_pasted_address_is_watched_listed_and_exported() -> None:
    added = keeper("watch", "add", "https://www.amazon.de/x/dp/B000000001", "--target", "24.99")

    assert added.exit_code == 0, added.output
    assert "added: B000000001 de NEW\n" in added.stdout
    assert "Alerts when the price is at or below €24.99." in added.stdout
    listed = keeper("watch", "list")
    assert "B000000001" in listed.stdout
    assert "never" in listed.stdout
    assert export() == ["B000000001,de,NEW,24.99,ACTIVE,NORMAL,none,no,none"]


@pytest.mark.parametrize(
    ("price_type", "said"),
    [
        ("BUY_BOX_SHIPPING", "needs Keepa's buy box: 3 tokens at each check, where NEW needs 1"),
        ("WAREHOUSE", "needs Keepa's offers: 6 tokens for each ten of them at each check"),
    ],
)
def test_a_price_type_that_costs_more_says_so(price_type: str, said: str) -> None:
    added = keeper("watch", "add", "B000000001", "--price-type", price_type)

    assert said in added.stdout
    assert "token" not in keeper("watch", "add", "B000000002").stdout
    assert f"{price_type} (" in keeper("watch", "list").stdout


def test_an_import_says_once_what_its_price_types_cost() -> None:
    rows = "asin,price_type\n" + "".join(
        f"B00000000{number},{name}\n"
        for number, name in enumerate(("NEW", "WAREHOUSE", "NEW_FBA", "BUY_BOX_SHIPPING"))
    )
    # The same product in a cheaper price type costs nothing more.
    imported = keeper("watch", "import", "-", stdin=rows + "B000000001,NEW\n")

    assert "1 of the products: needs Keepa's buy box: 3 tokens" in imported.stdout
    assert "2 of the products: needs Keepa's offers: 6 tokens" in imported.stdout


def test_a_price_type_keepa_keeps_no_more_is_refused() -> None:
    refused = keeper("watch", "add", "B000000001", "--price-type", "RENT")

    assert refused.exit_code == 2
    assert "Keepa keeps no RENT prices any more" in refused.output


def test_a_price_nobody_has_checked_for_two_intervals_is_listed_as_stale(
    connection: Connection,
) -> None:
    for asin, checked_at in (
        ("B000000001", datetime(2026, 1, 1, tzinfo=UTC)),
        ("B000000002", utc_now()),
    ):
        keeper("watch", "add", asin)
        connection.execute(
            "UPDATE watched_products SET last_checked_at = %s WHERE asin = %s", (checked_at, asin)
        )

    listed = keeper("watch", "list").stdout

    is_stale = {
        asin: "(stale)" in line
        for line in listed.splitlines()
        for asin in ("B000000001", "B000000002")
        if asin in line
    }
    assert is_stale == {"B000000001": True, "B000000002": False}


def test_adding_again_changes_the_target() -> None:
    keeper("watch", "add", "B000000001", "--target", "10")

    assert "unchanged" in keeper("watch", "add", "B000000001", "--target", "10").stdout
    assert "changed" in keeper("watch", "add", "B000000001", "--target", "12").stdout
    assert export() == ["B000000001,us,NEW,12.00,ACTIVE,NORMAL,none,no,none"]


def test_a_priority_stays_until_another_is_given() -> None:
    keeper("watch", "add", "B000000001", "--target", "10", "--priority", "high")
    keeper("watch", "add", "B000000001", "--target", "12")
    assert export() == ["B000000001,us,NEW,12.00,ACTIVE,HIGH,none,no,none"]

    assert (
        "changed"
        in keeper("watch", "add", "B000000001", "--target", "12", "--priority", "low").stdout
    )
    assert export() == ["B000000001,us,NEW,12.00,ACTIVE,LOW,none,no,none"]
    assert keeper("watch", "add", "B000000001", "--priority", "urgent").exit_code == 2


def test_what_is_not_given_stays() -> None:
    keeper("watch", "add", "B000000001", "--target", "24.99", "--alert", "sold out")
    keeper("watch", "pause", "B000000001")

    again = keeper("watch", "add", "B000000001", "--priority", "high")

    assert "changed: B000000001 us NEW\n" in again.stdout
    assert "priority: normal → high" in again.stdout
    assert "It stays paused: keeper watch resume B000000001" in again.stdout
    assert "target" not in again.stdout
    before = ["B000000001,us,NEW,24.99,PAUSED,HIGH,sold out,no,none"]
    assert export() == before
    imported = keeper("watch", "import", "-", stdin="asin\nB000000001\n")
    assert "1 unchanged, 0 bad" in imported.stdout
    assert export() == before


def test_none_removes_a_target() -> None:
    keeper("watch", "add", "B000000001", "--target", "24.99")

    removed = keeper("watch", "add", "B000000001", "--target", "None")

    assert "target: $24.99 → none" in removed.stdout
    assert export() == ["B000000001,us,NEW,none,ACTIVE,NORMAL,none,no,none"]
    rows = "asin,target_price\nB000000001,30\n"
    imported = keeper("watch", "import", "-", stdin=rows)
    assert "row 2: B000000001 us NEW: target: none → $30.00" in imported.stdout
    keeper("watch", "import", "-", stdin="asin,target_price\nB000000001,none\n")
    assert export() == ["B000000001,us,NEW,none,ACTIVE,NORMAL,none,no,none"]


def test_without_a_price_type_the_only_watch_of_a_product_is_meant() -> None:
    keeper("watch", "add", "B000000001", "--price-type", "amazon", "--target", "10")

    assert (
        "target: $10.00 → $12.00" in keeper("watch", "add", "B000000001", "--target", "12").stdout
    )
    assert export() == ["B000000001,us,AMAZON,12.00,ACTIVE,NORMAL,none,no,none"]
    keeper("watch", "add", "B000000001", "--price-type", "used")
    unclear = keeper("watch", "add", "B000000001", "--target", "9")
    assert unclear.exit_code == 2
    assert "is watched as AMAZON and USED" in " ".join(unclear.output.replace("│", " ").split())
    rows = "asin,target_price\nB000000001,9\nB000000002,9\n"
    imported = keeper("watch", "import", "-", stdin=rows)
    assert imported.exit_code == 1
    assert "row 2: B000000001 us is watched as" in imported.output
    assert "1 added, 1 bad" in imported.stdout


def test_a_removed_watch_comes_back_with_what_it_had() -> None:
    keeper("watch", "add", "B000000001", "--target", "10")
    keeper("watch", "remove", "B000000001")

    again = keeper("watch", "add", "B000000001")

    assert "status: removed → active" in again.stdout
    assert "at or below $10.00" in again.stdout
    assert export() == ["B000000001,us,NEW,10.00,ACTIVE,NORMAL,none,no,none"]


def test_a_watch_is_paused_resumed_and_removed() -> None:
    keeper("watch", "add", "B000000001", "--target", "10")

    assert keeper("watch", "pause", "b000000001").exit_code == 0
    assert export() == ["B000000001,us,NEW,10.00,PAUSED,NORMAL,none,no,none"]
    assert keeper("watch", "resume", "B000000001", "--domain", "us").exit_code == 0
    assert keeper("watch", "remove", "B000000001").exit_code == 0
    assert "INACTIVE" in keeper("watch", "list", "--all").stdout
    assert "Nothing is watched" in keeper("watch", "list").stdout
    gone = keeper("watch", "pause", "B000000001")
    assert gone.exit_code == 1
    assert "not on the list" in gone.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("B00",), "not an ASIN"),
        (("B000000001", "--domain", "nl"), "'nl'"),
        (("B000000001", "--price-type", "BUYBOX"), "BUY_BOX_SHIPPING"),
        (("B000000001", "--price-type", "RATING"), "not a price"),
        (("B000000001", "--target", "cheap"), "not an amount"),
        (("B000000001", "--target", "10.5", "--domain", "jp"), "JPY"),
        (("B000000001", "--user", "me"), "e-mail"),
    ],
    ids=["asin", "locale", "price type", "not a price", "amount", "yen", "user"],
)
def test_a_mistake_is_one_clear_sentence(words: tuple[str, ...], said: str) -> None:
    result = keeper("watch", "add", *words)

    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
    assert export() == []


def test_a_file_with_bad_rows_gives_the_good_ones_and_names_the_others(tmp_path: Path) -> None:
    file = tmp_path / "watches.csv"
    file.write_text("\ufeffasin,target_price\nB000000001,10\nnonsense,5\nB000000002,\n", "utf-8")

    dry = keeper("watch", "import", str(file), "--dry-run")
    assert dry.exit_code == 1
    assert "2 rows are good, 1 bad" in dry.stdout
    assert "row 2: B000000001 us NEW: Alerts when the price is at or below $10.00." in dry.stdout
    assert export() == []

    result = keeper("watch", "import", str(file))
    assert result.exit_code == 1
    assert "row 3" in result.output
    assert "2 added, 1 bad" in result.stdout
    assert export() == [
        "B000000001,us,NEW,10.00,ACTIVE,NORMAL,none,no,none",
        "B000000002,us,NEW,none,ACTIVE,NORMAL,none,no,none",
    ]


def test_an_export_is_imported_unchanged() -> None:
    keeper("watch", "add", "B000000001", "--target", "10")
    exported = keeper("watch", "export").stdout

    result = keeper("watch", "import", "-", stdin=exported)

    assert result.exit_code == 0
    assert "1 unchanged, 0 bad" in result.stdout


def test_the_csv_of_a_european_excel_is_imported(tmp_path: Path) -> None:
    file = tmp_path / "preise.csv"
    file.write_bytes(
        "asin;domain;target_price\r\n"
        "Käse https://www.amazon.de/dp/B000000001;;1.234,56 €\r\n;;\r\n"
        "B000000002;DE;1.230\r\n".encode("cp1252")
    )

    result = keeper("watch", "import", str(file))

    assert result.exit_code == 1
    assert "read as Windows-1252" in result.stdout
    assert "row 4: '1.230' can mean €1,230.00 or €1.23" in result.output
    assert export() == ["B000000001,de,NEW,1234.56,ACTIVE,NORMAL,none,no,none"]


def test_an_isbn_is_watched_as_its_asin_and_a_short_link_is_not_opened_unasked() -> None:
    added = keeper("watch", "add", "978-0-306-40615-7")
    assert added.stdout.startswith(
        "added: 0306406152 us NEW\n  No --domain given: us.\n"
        "  978-0-306-40615-7 is the ASIN 0306406152.\n"
    )

    refused = keeper("watch", "add", "https://amzn.eu/d/0abc123")
    assert refused.exit_code == 2
    assert "is a short link" in " ".join(refused.output.replace("│", " ").split())


def test_users_have_lists_of_their_own() -> None:
    keeper("watch", "add", "B000000001", "--user", "one@example.org")
    keeper("watch", "add", "B000000001", "--user", "two@example.org")

    assert "B000000001" in keeper("watch", "list", "--user", "ONE@example.org").stdout
    assert export() == []


def test_a_missing_file_is_one_sentence() -> None:
    result = keeper("watch", "import", "nowhere.csv")

    assert result.exit_code == 2
    assert "No such file" in " ".join(result.output.replace("│", " ").split())


def test_rules_are_explained_listed_exported_and_imported_unchanged() -> None:
    added = keeper(
        "watch", "add", "B000000001", "--alert", "back in stock", "--alert", "lowest in 90 days",
        "--with-shipping", "--price-type", BUY_BOX,
    )  # fmt: skip

    assert "Alerts when the product is back in stock." in added.stdout
    assert "lowest in 90 days, shipping included." in added.stdout
    assert "lowest in 90 days" in keeper("watch", "list").stdout
    assert export() == [
        f"B000000001,us,{BUY_BOX},none,ACTIVE,NORMAL,back in stock; lowest in 90 days,yes,none"
    ]
    exported = keeper("watch", "export").stdout
    assert "1 unchanged, 0 bad" in keeper("watch", "import", "-", stdin=exported).stdout
    keeper(
        "watch", "add", "B000000001", "--alert", "none", "--without-shipping",
        "--price-type", BUY_BOX,
    )  # fmt: skip
    assert export() == [f"B000000001,us,{BUY_BOX},none,ACTIVE,NORMAL,none,no,none"]


def test_shipping_is_refused_where_there_is_none_and_changes_nothing_where_it_is_in() -> None:
    refused = keeper("watch", "add", "B000000001", "--price-type", "AMAZON", "--with-shipping")
    assert refused.exit_code == 2
    said = " ".join(refused.output.replace("│", " ").split())
    assert "Keepa gives AMAZON without shipping" in said
    assert "BUY_BOX_SHIPPING" in said
    note = "NEW includes shipping already; with_shipping changes nothing"

    added = keeper("watch", "add", "B000000001", "--target", "20", "--with-shipping")
    assert f"Note: {note}.\n" in added.stdout
    assert "shipping included" not in added.stdout
    assert export() == ["B000000001,us,NEW,20.00,ACTIVE,NORMAL,none,no,none"]

    rows = "asin,price_type,with_shipping\nB000000002,NEW,yes\nB000000003,USED,no\n"
    rows += "B000000004,NEW,yes\nB000000005,WAREHOUSE,yes\n"
    imported = keeper("watch", "import", "-", stdin=rows)
    assert imported.exit_code == 1
    assert f"note: {note} (2 rows)\n" in imported.stdout
    assert "row 5: Keepa gives WAREHOUSE without shipping" in imported.output
    assert "3 added, 1 bad" in imported.stdout


def test_a_wrong_rule_is_said_with_what_would_be_right() -> None:
    result = keeper("watch", "add", "B000000001", "--alert", "cheap")

    assert result.exit_code == 2
    assert "write one like: at or below 24.99" in " ".join(result.output.replace("│", " ").split())


def test_the_forms_of_rules_are_shown() -> None:
    assert "any change" in keeper("watch", "rules").stdout
    assert keeper("watch", "rules", "above 5", "--domain", "de").stdout == (
        "Alerts when the price rises above €5.00.\n"
    )


def test_rules_are_tried_against_what_is_stored(connection: Connection) -> None:
    now = utc_now()
    falls = [(300, 1000), (200, 700), (190, 1000), (100, 690), (90, 1100), (3, None)]
    store_history(
        connection, "B000000001", [(now - timedelta(days=days), price) for days, price in falls]
    )

    tried = keeper("watch", "try", "B000000001", "--target", "7", "--alert", "sold out").stdout

    assert "Would have alerted 3 times in the last 365 days." in tried
    for days, price, why in (
        (200, "$7.00", "at or below $7.00"),
        (100, "$6.90", "at or below $7.00"),
        (3, "no offer", "sold out"),
    ):
        day = f"│ {now - timedelta(days=days):%Y-%m-%d}"
        (line,) = [line for line in tried.splitlines() if day in line]
        assert price in line
        assert why in line


def test_a_watch_is_tried_as_it_is() -> None:
    assert "is not on the list" in keeper("watch", "try", "B000000001").output.replace("\n", " ")
    keeper("watch", "add", "B000000001", "--target", "7")

    result = keeper("watch", "try", "B000000001")

    assert result.exit_code == 0
    assert "at or below $7.00" in result.stdout
    assert "its first check brings its history" in result.stdout


def test_what_the_simulator_made_up_is_removed_for_everybody(connection: Connection) -> None:
    for user, asin in (
        ("you@keeper.localhost", "B000000001"),
        ("reader@example.org", "B000000002"),
    ):
        keeper("watch", "add", asin, "--user", user)
        store_history(connection, asin, [(utc_now(), 1000)])
    connection.execute(
        "UPDATE price_series SET origin_id = (SELECT origin_id FROM price_origins LIMIT 1)"
    )
    keeper("watch", "add", "B000000003")

    removed = keeper("watch", "remove", "--simulated")
    again = keeper("watch", "remove", "--simulated")

    assert removed.stdout == "2 watches of products that the simulator made up are removed\n"
    assert again.stdout == "no watch is of a product that the simulator made up\n"
    left = connection.execute("SELECT asin FROM watched_products WHERE status <> 'INACTIVE'")
    assert [row["asin"] for row in left] == ["B000000003"]


@pytest.mark.parametrize(
    ("words", "says"),
    [((), "name a product"), (("B000000001", "--simulated"), "names no product")],
)
def test_remove_names_one_product_or_those_of_the_simulator(
    words: tuple[str, ...], says: str
) -> None:
    refused = keeper("watch", "remove", *words)

    assert refused.exit_code == 2
    assert says in refused.output
