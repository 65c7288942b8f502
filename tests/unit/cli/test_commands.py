"""Commands that need no service, and mistakes said before any is asked."""

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
        "note: no locale is given: us (1 row)\n"
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
def test_a_mistake_is_said_before_any_service_is_asked(words: tuple[str, ...], said: str) -> None:
    result = keeper(*words)

    assert result.exit_code == 2
    assert said in plain(result.stderr)


def test_airflow_is_not_started_without_the_address_of_its_database() -> None:
    result = keeper("airflow", "scheduler", "--skip-serve-logs")

    assert isinstance(result.exception, SettingsError)
    assert "KEEPER_AIRFLOW_DATABASE_URL" in str(result.exception)


def test_health_follows_the_last_heartbeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_what_a_file_says_steers_no_terminal(tmp_path: Path) -> None:
    file = tmp_path / "watches.csv"
    file.write_text("asin,target_price\n\x1b]0;owned\x07\x9b2J,5\nB000000002,\x1b[31m\n", "utf-8")

    result = keeper("watch", "import", str(file), "--dry-run")

    assert result.exit_code == 1
    assert r"\x1b]0;owned\x07\x9b2J" in result.stderr
    assert not {"\x1b", "\x07", "\x9b"} & {*result.output}
