"""The frame of `make bench`, and that its benchmarks work at all."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import __main__ as command
from bench.local_stack import LocalStack, StackUnavailableError
from bench.picture import picture
from bench.registry import Benchmark, Run, SkippedError, Values, all_benchmarks
from bench.rounds import alternate, median_ratio


def test_the_benchmarks_are_found_and_described() -> None:
    found = all_benchmarks()
    assert "decode_vs_keepa" in found
    assert all(one.summary.endswith(".") for one in found.values())


def test_one_round_of_decode_vs_keepa() -> None:
    said: list[str] = []
    run = Run(rounds=1, quick=True, stack=LocalStack(), say=said.append)
    values = all_benchmarks()["decode_vs_keepa"].measure(run)
    assert values["decode_reply_points"] > 10_000
    assert values["decode_vs_keepa"] > 0
    assert "3 products" in said[0]


def test_sides_take_turns_and_swap_places() -> None:
    called: list[str] = []
    taken = alternate({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 2)
    assert called == ["b", "a", "a", "b", "b", "a"]
    assert {name: len(seconds) for name, seconds in taken.items()} == {"a": 2, "b": 2}


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    assert median_ratio([10.0, 99.0, 12.0], [1.0, 1.0, 2.0]) == 10.0


def skip(run: Run) -> Values:
    raise SkippedError("no scale here")


def unavailable(run: Run) -> Values:
    raise StackUnavailableError("no Java")


def breaks(run: Run) -> Values:
    raise AssertionError("not equal")


Offer = Callable[..., None]


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Offer:
    def replace(**measures: Callable[[Run], Values]) -> None:
        known = {name: Benchmark(name, f"{name}.", m) for name, m in measures.items()}
        monkeypatch.setattr(command, "all_benchmarks", lambda: known)

    return replace


def test_values_are_lines_and_a_file(offer: Offer, tmp_path: Path) -> None:
    offer(tiny=lambda run: {"tiny_ratio": 12.34567, "tiny_rows": 1_000_000})
    result = CliRunner().invoke(command.app, ["--json", str(tmp_path / "bench.json")])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["tiny_ratio 12.346", "tiny_rows 1000000"]
    written = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    assert written == {"tiny_ratio": 12.34567, "tiny_rows": 1_000_000}


def test_what_is_skipped_says_why_and_fails_nothing(offer: Offer) -> None:
    offer(weigh=skip, load=unavailable, tiny=lambda run: {"tiny": run.rounds})
    result = CliRunner().invoke(command.app, ["--rounds", "5"])
    assert (result.exit_code, result.stdout) == (0, "tiny 5\n")
    assert "# weigh: skipped: no scale here" in result.stderr
    assert "# load: skipped: no Java" in result.stderr


def test_a_broken_benchmark_fails_after_the_others_ran(offer: Offer) -> None:
    offer(broken=breaks, tiny=lambda run: {"tiny": run.size(100, 3)})
    result = CliRunner().invoke(command.app, ["--quick"])
    assert (result.exit_code, result.stdout) == (1, "tiny 3\n")
    assert "not equal" in result.stderr


def test_names_choose_and_wrong_ones_are_refused(offer: Offer) -> None:
    offer(one=lambda run: {"one": 1}, two=lambda run: {"two": 2})
    assert CliRunner().invoke(command.app, ["two"]).stdout == "two 2\n"
    assert CliRunner().invoke(command.app, ["three"]).exit_code == 2
    assert CliRunner().invoke(command.app, ["--list"]).stdout.split() == [
        "one",
        "one.",
        "two",
        "two.",
    ]


@pytest.fixture
def stack_commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    given: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        given.append(command[7:])
        fails = "kibana" in command[-1]
        return subprocess.CompletedProcess(
            command, int(fails), "export KAFKA=h:1 DB='a b'\n", "no image\n"
        )

    monkeypatch.setattr("bench.local_stack.subprocess.run", run)
    return given


def test_services_start_when_first_asked_for_and_end_once(stack_commands: list[list[str]]) -> None:
    with LocalStack() as stack:
        assert stack_commands == []
        assert stack.environment("postgres") == {"KAFKA": "h:1", "DB": "a b"}
        stack.environment("postgres")
        stack.environment("kafka")
    assert stack_commands == [
        ["up", "--only", "postgres"],
        ["env"],
        ["env"],
        ["up", "--only", "kafka,postgres"],
        ["env"],
        ["down"],
    ]


def test_a_stack_nobody_asked_for_is_not_ended(stack_commands: list[list[str]]) -> None:
    with LocalStack():
        pass
    assert stack_commands == []


def test_services_that_do_not_start_are_a_reason(stack_commands: list[list[str]]) -> None:
    with LocalStack() as stack, pytest.raises(StackUnavailableError, match="no image"):
        stack.environment("kibana")
    assert stack_commands[-1] == ["down"]


def test_what_fetches_other_systems_runs_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {
        "own": Benchmark("own", "Own.", lambda run: {"own": 1}),
        "peer": Benchmark("peer", "Peer.", lambda run: {"peer": 2}, fetches=True),
    }
    monkeypatch.setattr(command, "all_benchmarks", lambda: known)

    def printed(*words: str) -> str:
        return CliRunner().invoke(command.app, list(words)).stdout

    assert printed() == "own 1\n"
    assert printed("peer") == "peer 2\n"
    assert printed("--peers") == "own 1\npeer 2\n"


def test_the_picture_has_a_bar_for_each_figure_there_is() -> None:
    drawn = picture({"load_events_per_s": 45_000.4, "flink_rows_per_s": 60_000, "other": 1})

    assert drawn.count("<rect") == 3, "the ground and two bars"
    assert "45,000" in drawn
    assert "Flink SQL" in drawn
    assert "Debezium" not in drawn
    with pytest.raises(ValueError, match="none of"):
        picture({"other": 1})
