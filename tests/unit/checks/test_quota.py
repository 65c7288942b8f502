import pytest

from keeper.checks.quota import share_exceeded


@pytest.mark.parametrize(
    ("checked", "failed", "limit"),
    [
        pytest.param(0, 0, 0.0, id="nothing checked"),
        pytest.param(100, 0, 0.0, id="none failed, none allowed"),
        pytest.param(100, 5, 0.05, id="exactly the share allowed"),
        pytest.param(100, 100, 1.0, id="any share allowed"),
    ],
)
def test_a_run_within_its_share_may_succeed(checked: int, failed: int, limit: float) -> None:
    assert share_exceeded(checked, failed, limit) is None


def test_a_run_beyond_its_share_says_how_many_and_what_became_of_them() -> None:
    assert share_exceeded(400, 37, 0.05) == (
        "37 of 400 records (9.25 %) failed their checks and are in quarantined_records; "
        "KEEPER_MAX_QUARANTINE_SHARE allows 5 %; the other records were published"
    )


def test_one_failure_is_too_many_when_none_is_allowed() -> None:
    message = share_exceeded(100_000, 1, 0.0)
    assert message is not None
    assert "(0.001 %)" in message


def test_the_message_names_the_three_most_frequent_reasons() -> None:
    tally = {"rare": 1, "often": 9, "sometimes": 5, "seldom": 2}
    message = share_exceeded(10, 10, 0.0, failed_by_expectation=tally)
    assert message is not None
    assert message.endswith("; most frequent: often 9, sometimes 5, seldom 2")
