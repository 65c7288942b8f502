"""Twenty courses of prices: what is watched, what happens, and exactly what its reader gets.

A case's checks are six hours apart, the first at midnight UTC. Each says the price in minor units,
`None` without an offer; `"99?"` is a price nothing has confirmed, `(900, 250)` one with shipping.
"""

from dataclasses import dataclass, field
from datetime import time

from keeper.domain.messages.delivery_clock import DeliveryRules

Step = int | str | tuple[int, int] | None


@dataclass(frozen=True)
class Case:
    """A course of prices and what its reader gets.

    Attributes:
        name: What it is about.
        because: Why this is what its reader should get.
        checks: The prices.
        mails: By the number of the check, subject and first line of the mails after it.
        target: In minor units.
        rules: As a person writes them.
        past: Prices by days before the first check.
    """

    name: str
    because: str
    checks: tuple[Step, ...]
    mails: dict[int, tuple[tuple[str, str], ...]]
    target: int | None = None
    rules: str = ""
    with_shipping: bool = False
    domain: str = "us"
    price_type: str = "NEW"
    past: tuple[tuple[int, int | None], ...] = ()
    hours: DeliveryRules = field(default_factory=DeliveryRules)


TARGET = "Price alert: at or below your target"
FURTHER = "Price alert: dropped further since the last alert"

CASES = (
    Case(
        "falls to the target",
        "The rule becomes true at the third check; afterwards nothing is new.",
        (1500, 1200, 1000, 1000, 990),
        {2: (("$10.00: A kettle", TARGET),)},
        target=1000,
    ),
    Case(
        "is below the target from the start",
        "A first run that says nothing is silence; one alert is due at once.",
        (900, 900),
        {0: (("$9.00: A kettle", TARGET),)},
        target=1000,
    ),
    Case(
        "hovers around the target",
        "Within two percent above the limit the rule is not armed again.",
        (1010, 1011, 1010, 1030, 1000),
        {0: (("$10.10: A kettle", TARGET),)},
        target=1000,
    ),
    Case(
        "leaves and comes back",
        "More than two percent above the limit it is armed; coming back alerts.",
        (1000, 1031, 1000),
        {0: (("$10.00: A kettle", TARGET),), 2: (("$10.00: A kettle", TARGET),)},
        target=1000,
    ),
    Case(
        "drops on and on",
        "Five percent below the last alert alerts, four do not; counted from what was sent.",
        (1000, 960, 950, 910, 902),
        {
            0: (("$10.00: A kettle", TARGET),),
            2: (("$9.50: A kettle", FURTHER),),
            4: (("$9.02: A kettle", FURTHER),),
        },
        target=1000,
    ),
    Case(
        "is sold out for a while",
        "The same price after a time without an offer is nothing new to a target.",
        (1000, None, None, 1000),
        {0: (("$10.00: A kettle", TARGET),)},
        target=1000,
    ),
    Case(
        "has a glitch",
        "A price nothing confirms, gone at the next check, never was.",
        (1500, "99?", 1500, 1500),
        {},
        target=1000,
        rules="any change",
    ),
    Case(
        "has a price error that is real",
        "The second check confirms it: then it alerts.",
        (1500, "99?", "99?"),
        {2: (("$0.99: A kettle", TARGET),)},
        target=1000,
    ),
    Case(
        "has a glitch upwards while alerted",
        "An unconfirmed rise does not arm the rule, so coming back from it does not alert.",
        (1000, "99999?", 1000),
        {0: (("$10.00: A kettle", TARGET),)},
        target=1000,
    ),
    Case(
        "is back in stock, cheap enough",
        "Both must hold: back at 12 dollars does not alert, back at 8 does.",
        (1000, None, 1200, None, 800),
        {4: (("$8.00: A kettle", "Price alert: back in stock, at or below $9.00"),)},
        rules="back in stock and below 9",
    ),
    Case(
        "sells out",
        "Alerts once when the last offer goes, not at every check without one.",
        (1000, None, None),
        {1: (("sold out: A kettle", "Price alert: sold out"),)},
        rules="sold out",
    ),
    Case(
        "is far below its usual price",
        "Ninety days at 20 dollars: 16 is 20 percent below; 15.90 is nothing new any more.",
        (2000, 1600, 1590),
        {
            1: (
                (
                    "$16.00: A kettle",
                    "$16.00: cheaper than on 200 of the last 200 days; the lowest since"
                    " 13 August 2025",
                ),
            )
        },
        rules="20% below 90-day average",
        price_type="AMAZON",
        past=((200, 2000),),
    ),
    Case(
        "is the lowest in a while, though not ever",
        "It was 5 dollars a year ago. Of 90 days 9 is the lowest, once; then only a lower one is.",
        (1000, 900, 1000, 900, 1000, 890),
        {
            1: (
                (
                    "$9.00: A kettle",
                    "$9.00: cheaper than on 364 of the last 365 days; the lowest since"
                    " 1 March 2025",
                ),
            ),
            5: (
                (
                    "$8.90: A kettle",
                    "$8.90: cheaper than on 364 of the last 365 days; the lowest since"
                    " 2 March 2025",
                ),
            ),
        },
        rules="lowest in 90 days; lowest ever",
        price_type="AMAZON",
        past=((400, 500), (380, 1000)),
    ),
    Case(
        "has no past yet",
        "With ten days known there is no 90-day average to be below; silence, not a guess.",
        (2000, 500),
        {},
        rules="20% below 90-day average; lowest ever",
        past=((10, 2000),),
    ),
    Case(
        "fulfils three rules at once",
        "One price is one message, with all its reasons.",
        (1500, 1000),
        {
            1: (
                (
                    "$10.00: A kettle",
                    f"{TARGET}; fell by 33 % from $15.00; fell from $15.00",
                ),
            )
        },
        target=1000,
        rules="10% below previous; any change",
    ),
    Case(
        "is cheap but not with its shipping",
        "9 and 2.50 for shipping are more than 10; 7.50 and 2.50 are 10.",
        ((900, 250), (750, 250)),
        {1: (("$7.50: A kettle", TARGET),)},
        target=1000,
        with_shipping=True,
        price_type="BUY_BOX_SHIPPING",
    ),
    Case(
        "rises",
        "A seller wants to know of rises; a further one is nothing new, a return is needed first.",
        (1000, 2100, 2500, 1900, 2050),
        {
            1: (("$21.00: A kettle", "Price alert: risen above $20.00"),),
            4: (("$20.50: A kettle", "Price alert: risen above $20.00"),),
        },
        rules="above 20",
    ),
    Case(
        "comes in the night",
        "Quiet from 22 to 7 in Berlin: what is raised at 0 and 6 UTC goes out together at noon.",
        (900, 800, 800),
        {2: (("2 price alerts for 1 product", "2 price alerts, held back for quiet hours"),)},
        target=1000,
        hours=DeliveryRules("Europe/Berlin", time(22), time(7, 30)),
    ),
    Case(
        "changes more often than one message a day",
        "The first is sent at once, the others together after midnight.",
        (1000, 900, 800, 700, 700),
        {
            1: (("$9.00: A kettle", "Price alert: fell from $10.00"),),
            4: (("2 price alerts for 1 product", "2 price alerts, held back for daily cap"),),
        },
        rules="any change",
        hours=DeliveryRules(daily_cap=1),
    ),
    Case(
        "is in yen, in Tokyo",
        "Yen have no decimals, and a hundred of them are one percent of a target of 10,000.",
        (12000, 10100),
        {1: (("￥10,100: A kettle", TARGET),)},
        target=10000,
        domain="jp",
    ),
)
