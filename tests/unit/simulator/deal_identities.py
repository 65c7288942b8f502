"""What every deal object keeps to, recorded or simulated: read off the recordings, index by index.

Independent of the simulator's own code, so that both are held against the same words.
"""

from typing import Any

SERIES, RANGES = 34, 4
AMAZON, WAREHOUSE, BUY_BOX, PRIME_EXCL = 0, 9, 18, 33
NEVER_OFFERED = -2


def breaches(deal: dict[str, Any]) -> list[str]:
    """Name every series and range whose delta or deltaPercent is not what avg and current say."""
    now = deal["current"]
    by_amazon = now[AMAZON] > 0 and (now[BUY_BOX] < 0 or now[AMAZON] <= now[BUY_BOX])
    new = AMAZON if by_amazon else BUY_BOX
    found = []
    for index in range(SERIES):
        for row in range(RANGES):
            own = deal["avg"][row][index]
            compared = deal["avg"][row][new] if index in {WAREHOUSE, PRIME_EXCL} else own
            delta, percent = deal["delta"][row][index], deal["deltaPercent"][row][index]
            if now[index] < 0:
                gone = index == WAREHOUSE and own != NEVER_OFFERED
                right = delta == percent == (-1 if gone else 0)
            elif compared < 0:
                right = delta == percent == 0
            else:
                right = delta == compared - now[index] and _is_percent(percent, delta, compared)
            if not right:
                found.append(f"{deal['asin']} series {index} range {row}: {delta}, {percent} %")
    return found


def _is_percent(percent: int, delta: int, average: int) -> bool:
    """Allow both neighbours of a half: one recorded of 42 is rounded down, 41 up."""
    return percent == 0 if average == 0 else abs(100 * delta - percent * average) * 2 <= average
