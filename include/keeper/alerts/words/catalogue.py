"""What a catalogue of words has: sentences with places in braces for what varies.

A language that lacks one of them is refused by the type checker.
"""

from dataclasses import dataclass

from babel import Locale


@dataclass(frozen=True, slots=True)
class Plural:
    """A sentence about one thing, and about another number of them; `{n}` is the number."""

    one: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Sentences that are stored in English, those of alerts and of deals' scores.

    The English ones are read back by `stored_reasons.py`, the first that fits. A place is named
    after what stands in it: `amount`, `usual`, `percent`, `days`, `points` or `date`.
    """

    # Why an alert was raised: keeper.domain.watches.reasons.
    at_target: str
    further_drop: str
    at_or_below: str
    risen_above: str
    below_average: str
    below_average_landed: str
    fell_by: str
    lowest_landed: str
    lowest_ever: str
    lowest_in: str
    worth: str
    worth_landed: str
    back_in_stock: str
    back_as_pre_order: str
    back_on_back_order: str
    sold_out: str
    fell: str
    rose: str
    # Why a deal has its score: keeper.domain.deals.score.
    offer_gone: str
    nothing_known: str
    averages_only: str
    month_average: str
    no_price: str
    no_price_landed: str
    raised_before: str
    young: str
    young_landed: str
    drop_below: str
    drop_above: str
    drop_equal: str
    drop_below_landed: str
    drop_above_landed: str
    drop_equal_landed: str
    never_this_cheap: str
    never_this_cheap_landed: str
    at_lowest: str
    at_lowest_landed: str
    above_lowest_since: str
    above_lowest_since_landed: str
    above_lowest: str
    above_lowest_landed: str
    rare: str
    rare_below_one: str
    rare_landed: str
    rare_below_one_landed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """What the pages behind the links in messages say."""

    hold_alerts: Plural
    alerts_held_until: str
    alerts_were_held_until: str
    stop_watching: str
    not_watched_any_more: str
    unsubscribe: str
    unsubscribed: str
    watch_gone: str
    other_watch: str
    channel_gone: str
    other_channel: str
    link_not_valid: str
    link_too_old: Plural
    link_of_older_version: str
    yes: str
    try_again: str
    sign_in_title: str
    sign_in_as: str
    sign_in_button: str
    signed_in_as: str
    go_on: str
    sign_in_link_used_up: str
    needs_https: str
    other_site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A catalogue.

    Attributes:
        locale: The language's rules for plurals, numbers and dates.
        moment_pattern: A time of day, in Unicode's letters for dates.
        day_pattern: A day.
        month_pattern: A month of this year.
        month_of_year_pattern: A month of another year.
        axis_pattern: A day below a chart; None for matplotlib's own way.
        reasons: Stored sentences.
        pages: The pages behind links.
    """

    locale: Locale
    moment_pattern: str
    day_pattern: str
    month_pattern: str
    month_of_year_pattern: str
    axis_pattern: str | None
    reasons: Reasons
    pages: PageWords

    # All messages.
    simulated: str
    simulated_mark: str
    perhaps_doubled: str
    more: str
    more_counted: str
    open_on: str
    see_in_keeper: str

    # The first sentence, and how good a price is.
    opening: str
    opening_in_two: str
    last_days_cheaper: Plural
    last_days_never_dearer: Plural
    was_lower: str
    the_lowest_since: str
    days: Plural
    days_with_offer: Plural
    cheaper_than_on: str
    less_than_one: str
    never_dearer: str
    since_day: str
    since_landed: str
    amount_since_landed: str
    how_good: str
    how_good_since: str
    lowest: str
    of_all_prices: str
    lowest_since: str
    average: str
    average_90: str

    # Alerts and digests.
    price_alert: str
    snooze_link: str
    stop_link: str
    lower_target: str
    alerts: Plural
    alerts_for_products: Plural
    held_back: str
    held_back_for: str
    held_for_snooze: str
    held_for_quiet_hours: str
    held_for_daily_cap: str
    and_: str
    older_left_out: Plural
    sold_out: str
    price_hidden: str
    no_offer: str
    price_now: str
    price_then: str
    price_before: str
    shipping: str
    shipping_free: str
    your_target: str
    with_shipping: str
    price_type: str
    amazon_site: str
    price_since: str
    since: str
    checked_at: str
    keepa_looked: str
    availability: str
    pre_order: str
    back_order: str
    delayed: str
    coupon: str
    coupon_with_subscription: str
    takes_off: str
    takes_off_then: str
    takes_off_then_about: str

    # Charts, in words.
    chart_no_offer: str
    chart: str
    chart_target: str
    chart_gaps: str

    # Reports.
    no_new_deals: str
    new_deals: Plural
    deals_since: str
    deals_subject: str
    your_searches: str
    more_deals: Plural
    when_reports_come: str
    all_deals_link: str
    price: str
    price_and_reason: str
    deal_back_in_stock: str
    deal_score: str
    below_usual: str
    score: str
    score_of_100: str
    why: str
    usual_price: str
    rating: str
    rating_of_5: str
    rating_by: Plural
    lightning_ends: str
    back_in_stock: str
    no_offer_before: str
    seen_at: str

    # Mails with a link to sign in, and tests of channels.
    sign_in_subject: str
    sign_in_lead: Plural
    sign_in_closing: str
    sign_in_link: str
    test_subject: str
    test_lead: str

    # Of a channel whose address is gone; what the provider says stays as it is.
    channel_paused: str
    channel_paused_details: str

    def counted(self, plural: Plural, number: int, **values: object) -> str:
        """Return the sentence for a number of things, with what varies in its places."""
        is_one = self.locale.plural_form(number) == "one"
        return (plural.one if is_one else plural.other).format(n=number, **values)
