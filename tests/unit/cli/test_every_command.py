"""What holds for every command there is, found by walking the tree of commands."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app, main
from tests.commands import COMMANDS, filled, options_of, taking
from tests.waiting import HUNG_AFTER_S

pytestmark = pytest.mark.usefixtures("nothing_set")

PASSES_ON = ("airflow",)
"""Its words are Airflow's."""

ALL = [pytest.param(words, id=" ".join(words)) for words in COMMANDS]


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def plain(text: str) -> str:
    """Return what a framed message says, on one line."""
    return " ".join(text.replace("│", " ").split())


def parse(words: tuple[str, ...], *more: str) -> None:
    """Read a command line as the command does, without running it."""
    line = [*filled(words), *more][len(words) :]
    COMMANDS[words].make_context(" ".join(words), line)


def test_the_walk_finds_the_commands_there_are() -> None:
    assert {("watch", "add"), ("topics", "dlq", "list"), ("channels", "remove")} <= set(COMMANDS)
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("words", ALL)
def test_help_has_an_example_that_names_the_command_and_knownoptions_of(
    words: tuple[str, ...],
) -> None:
    result = keeper(*words, "--help")

    assert result.exit_code == 0
    _, found, example = plain(COMMANDS[words].help or "").partition("Example: keeper ")
    assert found, f"keeper {' '.join(words)} --help has no example"
    assert example.startswith(" ".join(words))
    known = {name for names in options_of(words).values() for name in names}
    given = {word for word in example.split() if word.startswith("--")}
    assert given <= known or words in {("airflow",)}


@pytest.mark.parametrize("words", [words for words in ALL if words.values[0] != PASSES_ON])
def test_an_unknown_option_is_a_sentence_with_the_way_out(words: tuple[str, ...]) -> None:
    result = keeper(*words, "--no-such-option")

    assert result.exit_code == 2
    said = plain(result.stderr)
    assert "No such option: --no-such-option" in said
    assert f"Try 'keeper {' '.join(words)} --help' for help" in said


@pytest.mark.parametrize("words", taking("--domain"), ids=" ".join)
def test_a_locale_may_be_typed_in_any_case(words: tuple[str, ...]) -> None:
    unknown = keeper(*filled(words), "--domain", "NL")

    assert unknown.exit_code == 2
    assert "choose one of us, uk, de" in plain(unknown.stderr)
    parse(words, "--domain", " De ")


@pytest.mark.parametrize("words", taking("--price-type"), ids=" ".join)
def test_a_price_type_may_be_typed_in_any_case_under_both_names(words: tuple[str, ...]) -> None:
    for option in ("--price-type", "--type"):
        unknown = keeper(*filled(words), option, "buybox")

        assert unknown.exit_code == 2
        assert "choose one of AMAZON, NEW" in plain(unknown.stderr)
        parse(words, option, " Amazon ")


@pytest.mark.parametrize("words", taking("--since"), ids=" ".join)
def test_since_takes_a_span_a_date_and_a_moment(words: tuple[str, ...]) -> None:
    unknown = keeper(*filled(words), "--since", "yesterday")

    assert unknown.exit_code == 2
    assert "write 2h, 7d, 2026-03-01 or 2026-03-01T12:00Z" in plain(unknown.stderr)
    for text in ("2h", "7d", "2026-03-01", "2026-03-01T12:00Z"):
        parse(words, "--since", text)


@pytest.mark.parametrize(
    ("option", "parameter"),
    [
        ("--domain", "domain"),
        ("--price-type", "price_type"),
        ("--type", "price_type"),
        ("--user", "user"),
        ("--since", "since"),
        ("--until", "until"),
        ("--limit", "limit"),
        ("--most", "limit"),
        ("--json", "as_json"),
        ("--dry-run", "dry_run"),
        ("--all-domains", "all_domains"),
    ],
)
def test_an_option_means_the_same_wherever_it_is(option: str, parameter: str) -> None:
    named = {
        name for words in COMMANDS for name, names in options_of(words).items() if option in names
    }

    assert named == {parameter}


def test_whatever_lists_has_json() -> None:
    listing = {
        words
        for words in COMMANDS
        if words[-1] in {"list", "status", "proposals", "describe", "lag", "query", "plan"}
    } | {("health",), ("keepa", "tokens"), ("discover", "categories"), ("topics", "peek")}

    assert listing <= set(taking("--json"))


@pytest.fixture
def _logging_restored() -> Iterator[None]:
    """What `main` sets for its process is taken back."""
    loggers = [logging.getLogger(name) for name in (None, "elastic_transport", "yoyo", "urllib3")]
    former = [(one, one.level, list(one.handlers)) for one in loggers]
    yield
    for one, level, handlers in former:
        one.setLevel(level)
        one.handlers[:] = handlers


@pytest.mark.usefixtures("_logging_restored")
def test_ctrl_c_within_a_command_ends_with_130_and_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["keeper", "watch", "rules"])
    monkeypatch.setattr("keeper.domain.watches.rule_texts.explain", interrupt)

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


def test_ctrl_c_ends_a_process_with_130_and_a_line(tmp_path: Path) -> None:
    file = tmp_path / "watches.csv"
    os.mkfifo(file)
    # What is started in the background ignores the signal, and so does what it starts.
    listens = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = f"{listens}; from keeper.cli.app import main; main()"
    with (
        subprocess.Popen(
            [sys.executable, "-c", command, "watch", "import", str(file), "--dry-run"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
        ) as process,
        # Opened for writing only once the command reads it.
        file.open("wb"),
    ):
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate(timeout=HUNG_AFTER_S)

    assert process.returncode == 130
    assert said == ""
    assert complaint == "\nInterrupted.\n"
