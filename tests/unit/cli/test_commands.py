"""Commands that need no service, and mistakes told before any is asked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.errors import SettingsError

pytestmark = pytest.mark.usefixtures("nothing_set")


def keeper(*words: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=stdin)


def plain(text: str) -> str:
    """Return what a framed message says, on one line."""
    return " ".join(text.replace("│", " ").split())


def test_a_dry_run_names_bad_rows_on_stderr_and_needs_no_database(tmp_path: Path) -> None:
    file = tmp_path / "watches.csv"
    file.write_text("\ufeffasin,target_price\nB000000001,10\nnonsense,5\nB000000002,x\n", "utf-8")

    result = keeper("watch", "import", str(file), "--dry-run")

    assert result.exit_code == 1
    assert result.stdout == (
        "row 2: B000000001 us NEW: Alerts when the price is at or below $10.00.\n"
        "dry run: 1 rows are good, 2 bad; nothing was changed\n"
    )
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["row 3", "row 4"]


@pytest.mark.parametrize(
    "text", ["asin\nB000000001\n", "\ufeffasin\r\nB000000001\r\n"], ids=["plain", "spreadsheet"]
)
def test_a_dry_run_of_standard_input_without_mistakes_ends_well(text: str) -> None:
    result = keeper("watch", "import", "-", "--dry-run", stdin=text.encode())

    assert result.exit_code == 0, result.output
    assert "1 rows are good, 0 bad" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("watch", "import", "nowhere.csv"), "No such file"),
        (("watch", "add", "nonsense"), "not an ASIN"),
        (("watch", "pause", "B000000001", "--price-type", "BUYBOX"), "BUY_BOX_SHIPPING"),
        (("watch", "remove", "https://www.amazon.nl/dp/B000000001"), "amazon.nl"),
        (("migrate", "--only", "redis"), "postgres, kafka, elasticsearch"),
        (("airflow",), "keeper airflow scheduler"),
    ],
    ids=["no file", "no product", "no price type", "no locale", "no part", "no process"],
)
def test_a_mistake_is_told_before_any_service_is_asked(words: tuple[str, ...], said: str) -> None:
    result = keeper(*words)

    assert result.exit_code == 2
    assert said in plain(result.stderr)


WITH_LOCALE = [
    ("watch", "add", "B000000001"),
    ("watch", "pause", "B000000001"),
    ("watch", "resume", "B000000001"),
    ("watch", "remove", "B000000001"),
    ("watch", "rules", "below 5"),
    ("watch", "try", "B000000001", "--target", "5"),
    ("alerts", "snooze", "B000000001"),
    ("deals", "filter", "add", "keyboards"),
    ("discover", "add", "best-sellers", "--category", "1"),
    ("discover", "add", "finder", "--selection", '{"current_SALES_lte": 1}'),
    ("discover", "categories", "--search", "keyboards"),
    ("discover", "approve", "B000000001"),
    ("discover", "reject", "B000000001"),
    ("search", "query", "keyboard"),
    ("lake", "list"),
    ("lake", "replay", "--since", "7d"),
    ("keepa", "probe", "B000000001"),
]


@pytest.mark.parametrize("words", WITH_LOCALE, ids=lambda words: " ".join(words[:3]))
def test_every_command_takes_a_locale_in_any_case_and_names_those_there_are(
    words: tuple[str, ...],
) -> None:
    unknown = keeper(*words, "--domain", "NL")
    known = keeper(*words, "--domain", " De ")

    assert unknown.exit_code == 2
    assert "choose one of us, uk, de" in plain(unknown.stderr)
    # Without services it fails, but not for the locale.
    assert "choose one of" not in plain(known.output + str(known.exception))


@pytest.mark.parametrize(
    "words",
    [words for words in WITH_LOCALE if words[:2] in (("watch", "add"), ("watch", "pause"))]
    + [("deals", "filter", "add", "x"), ("discover", "add", "best-sellers", "--category", "1")],
    ids=" ".join,
)
def test_every_command_takes_a_price_type_in_any_case(words: tuple[str, ...]) -> None:
    unknown = keeper(*words, "--price-type", "buybox")
    known = keeper(*words, "--price-type", " Amazon ")

    assert unknown.exit_code == 2
    assert "choose one of AMAZON, NEW" in plain(unknown.stderr)
    assert "choose one of" not in plain(known.output + str(known.exception))


def test_airflow_is_not_started_without_the_address_of_its_database() -> None:
    result = keeper("airflow", "scheduler", "--skip-serve-logs")

    assert isinstance(result.exception, SettingsError)
    assert "KEEPER_AIRFLOW_DATABASE_URL" in str(result.exception)


@pytest.mark.parametrize(
    "words",
    [
        ("watch", "add"),
        ("watch", "list"),
        ("watch", "pause"),
        ("watch", "resume"),
        ("watch", "remove"),
        ("watch", "import"),
        ("watch", "export"),
        ("keepa", "probe"),
        ("lake", "list"),
        ("lake", "replay"),
        ("lake", "prune"),
        ("topics", "list"),
        ("topics", "describe"),
        ("topics", "peek"),
        ("topics", "count"),
        ("topics", "lag"),
        ("topics", "grow"),
        ("topics", "replay"),
        ("topics", "dlq", "list"),
        ("topics", "dlq", "show"),
        ("topics", "dlq", "replay"),
        ("search", "query"),
        ("consume", "prices"),
        ("index", "prices"),
        ("deliver",),
        ("health",),
        ("airflow",),
    ],
    ids=" ".join,
)
def test_every_command_shows_an_example(words: tuple[str, ...]) -> None:
    result = keeper(*words, "--help")

    assert result.exit_code == 0
    assert f"Example: keeper {' '.join(words)}" in plain(result.stdout)


def test_health_follows_the_last_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPER_RUN_DIR", str(tmp_path / "run"))

    assert keeper("health", "deliver").exit_code == 1
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "deliver.alive").touch()

    assert keeper("health", "deliver").exit_code == 0
    assert keeper("health", "deliver", "--max-age", "-1").exit_code == 1


def test_health_of_a_worker_that_is_none_names_those_there_are() -> None:
    result = keeper("health", "consume-prizes")

    assert result.exit_code == 1
    assert "no worker consume-prizes; there are consume-prices, index-prices," in result.stderr
