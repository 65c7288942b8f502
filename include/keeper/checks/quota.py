"""When too many of a run's records failed for the run to count as a success."""

from collections import Counter
from collections.abc import Mapping


def share_exceeded(
    checked: int,
    failed: int,
    limit: float,
    *,
    failed_by_expectation: Mapping[str, int] | None = None,
) -> str | None:
    """Return why a run must fail if too many of its records did.

    Args:
        checked: Records checked in the whole run.
        failed: How many of them failed at least one expectation.
        limit: The share, 0 to 1, that may fail; exactly that share is still allowed.
        failed_by_expectation: Failed rows by expectation, to name the three most frequent.

    Returns:
        A message for the operator, or None when the run may succeed.
    """
    if failed <= limit * checked:
        return None
    message = (
        f"{failed} of {checked} records ({_percent(failed / checked)}) failed their checks "
        f"and are in quarantined_records; KEEPER_MAX_QUARANTINE_SHARE allows {_percent(limit)}; "
        "the other records were published"
    )
    if failed_by_expectation:
        most_frequent = Counter(failed_by_expectation).most_common(3)
        message += "; most frequent: " + ", ".join(f"{name} {n}" for name, n in most_frequent)
    return message


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
