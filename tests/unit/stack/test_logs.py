"""What `make logs` shows of what servers have logged."""

from pathlib import Path

from typer.testing import CliRunner

from stack.__main__ import app


def test_a_logged_title_steers_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "kafka.log").write_text("\tat \x1b]0;owned\x07 \x9b2J\n", "utf-8")

    result = CliRunner().invoke(app, ["--home", str(tmp_path), "logs", "kafka"])

    assert result.exit_code == 0, result.output
    assert result.stdout == "        at \\x1b]0;owned\\x07 \\x9b2J\n"
