"""What Keeper says in English."""

from typing import Final

from babel import Locale

from keeper.alerts.words.catalogue import PageWords, Plural, Reasons, Words

_REASONS: Final = Reasons(
    at_target="at or below your target",
    further_drop="dropped further since the last alert",
    at_or_below="at or below {amount}",
    risen_above="risen above {amount}",
    below_average="{percent} % below its {days}-day average of {amount}",
    below_average_landed="{percent} % below its average of {amount} since February 2026",
    fell_by="fell by {percent} % from {amount}",
    lowest_landed="the lowest price since February 2026",
    lowest_ever="the lowest price ever known",
    lowest_in="the lowest in {days} days",
    worth="worth {points} of 100 points as a deal",
    worth_landed="worth {points} of 100 points as a deal by its prices since February 2026",
    back_in_stock="back in stock",
    back_as_pre_order="back in stock as a pre-order",
    back_on_back_order="back in stock on back-order",
    sold_out="sold out",
    fell="fell from {amount}",
    rose="rose from {amount}",
    offer_gone="The offer has gone since.",
    nothing_known="Neither its own history nor an average of 90 days shows whether it is cheap.",
    averages_only=(
        "Only Keepa's averages are known, not its own history, so it scores {points} at most."
    ),
    month_average="Its average of the last 31 days was {amount} only.",
    no_price="It had no price in the last 90 days, so it has no usual one.",
    no_price_landed="It had no price since February 2026, so it has no usual one.",
    raised_before="The price was raised before it fell.",
    young="It has been known for {days} days only, which proves little.",
    young_landed=(
        "Its prices with shipping are known for {days} days only, since February 2026, which "
        "proves little."
    ),
    drop_below="{amount} is {percent} % below its average of 90 days, {usual}.",
    drop_above="{amount} is {percent} % above its average of 90 days, {usual}.",
    drop_equal="{amount} is as much as its average of 90 days, {usual}.",
    drop_below_landed="{amount} is {percent} % below its average since February 2026, {usual}.",
    drop_above_landed="{amount} is {percent} % above its average since February 2026, {usual}.",
    drop_equal_landed="{amount} is as much as its average since February 2026, {usual}.",
    never_this_cheap=(
        "It was never this cheap in the {days} days known; the lowest before was {amount}."
    ),
    never_this_cheap_landed=(
        "It was never this cheap in the {days} days known since February 2026; the lowest before "
        "was {amount}."
    ),
    at_lowest="It is at the lowest price in the {days} days known, {amount}.",
    at_lowest_landed=(
        "It is at the lowest price in the {days} days known since February 2026, {amount}."
    ),
    above_lowest_since=(
        "Its lowest price in the {days} days known was {amount}; it was last cheaper on {date}."
    ),
    above_lowest_since_landed=(
        "Its lowest price in the {days} days known since February 2026 was {amount}; it was last "
        "cheaper on {date}."
    ),
    above_lowest="Its lowest price in the {days} days known was {amount}.",
    above_lowest_landed=(
        "Its lowest price in the {days} days known since February 2026 was {amount}."
    ),
    rare=(
        "It cost this or less for {percent} % of the time it was on offer in the last {days} days."
    ),
    rare_below_one=(
        "It cost this or less for less than 1 % of the time it was on offer in the last {days} "
        "days."
    ),
    rare_landed=(
        "It cost this or less for {percent} % of the time it was on offer since February 2026."
    ),
    rare_below_one_landed=(
        "It cost this or less for less than 1 % of the time it was on offer since February 2026."
    ),
)

_PAGES: Final = PageWords(
    hold_alerts=Plural(
        "Hold the alerts of {product} for {n} day?", "Hold the alerts of {product} for {n} days?"
    ),
    alerts_held_until="The alerts of {product} are held until {end}.",
    alerts_were_held_until=(
        "The alerts of {product} were held until {end}, after this message; use a link of a newer "
        "one."
    ),
    stop_watching="Stop watching {product}?",
    not_watched_any_more="{product} is not watched any more.",
    unsubscribe="Send no more alerts to {place}?",
    unsubscribed="No more alerts go to {place}.",
    watch_gone="This product is not watched any more.",
    other_watch=(
        "This link is of a watch list that Keeper does not have any more, and nothing was changed; "
        "use a link of a newer message."
    ),
    channel_gone="This channel is not there any more.",
    other_channel=(
        "This link is of a channel that Keeper does not have any more, and nothing was changed; "
        "use a link of a newer message."
    ),
    link_not_valid="This link is not valid.",
    link_too_old=Plural(
        "This link is older than {n} day and not valid any more; use one of a newer message.",
        "This link is older than {n} days and not valid any more; use one of a newer message.",
    ),
    link_of_older_version=(
        "This link is of an older version of Keeper and not valid any more; use one of a newer "
        "message."
    ),
    yes="Yes",
    try_again="Keeper cannot do this right now; try again in a minute.",
    sign_in_title="Keeper: sign in",
    sign_in_as="Sign in as {email}?",
    sign_in_button="Sign in",
    signed_in_as="You are signed in as {email}.",
    go_on="Go on to Keeper",
    sign_in_link_used_up="This link is not valid any more; ask for another one.",
    needs_https=(
        "Signing in needs HTTPS: open this link by the console's https address or on its own "
        "machine, or have KEEPER_INSECURE_COOKIE=1 set."
    ),
    other_site="This did not come from the page with the button; open the link again.",
)

ENGLISH: Final = Words(
    locale=Locale("en"),
    moment_pattern="d MMM y, HH:mm",
    day_pattern="d MMMM y",
    month_pattern="MMMM",
    month_of_year_pattern="MMMM y",
    axis_pattern=None,
    reasons=_REASONS,
    pages=_PAGES,
    simulated="SIMULATED PRICE: this came from Keeper's Keepa simulator, not from Amazon.",
    simulated_mark="[simulated] ",
    perhaps_doubled=(
        "This message may have reached you before: the connection was lost while it was sent."
    ),
    more="… and more",
    more_counted="… and {n} more",
    open_on="Open on {site}",
    see_in_keeper="See it in Keeper",
    opening="{price}: {good}",
    opening_in_two="{price}: {good}; {before}",
    last_days_cheaper=Plural(
        "cheaper than on {higher} of the last {n} day",
        "cheaper than on {higher} of the last {n} days",
    ),
    last_days_never_dearer=Plural(
        "never dearer in the last {n} day", "never dearer in the last {n} days"
    ),
    was_lower="it was {amount} in {month}",
    the_lowest_since="the lowest since {day}",
    days=Plural("{n} day", "{n} days"),
    days_with_offer=Plural("{n} day with an offer", "{n} days with an offer"),
    cheaper_than_on="cheaper than on {higher} of {days}",
    less_than_one="less than one",
    never_dearer="never dearer in {days}",
    since_day="since {day}",
    since_landed="since February 2026",
    amount_since_landed="{amount} since February 2026",
    how_good="How good",
    how_good_since="{good} {since}",
    lowest="Lowest",
    of_all_prices="of all prices known {since}",
    lowest_since="Lowest since",
    average="Average",
    average_90="90-day average",
    price_alert="Price alert: {reason}",
    snooze_link="Snooze for a week",
    stop_link="Stop watching",
    lower_target="Target −10 % ({amount})",
    alerts=Plural("{n} price alert", "{n} price alerts"),
    alerts_for_products=Plural("{alerts} for {n} product", "{alerts} for {n} products"),
    held_back="{alerts}, held back for you",
    held_back_for="{alerts}, held back for {reasons}",
    held_for_snooze="snooze",
    held_for_quiet_hours="quiet hours",
    held_for_daily_cap="daily cap",
    and_=" and ",
    older_left_out=Plural(
        "{n} older one is left out: keeper alerts list",
        "{n} older ones are left out: keeper alerts list",
    ),
    sold_out="sold out",
    price_hidden="price hidden",
    no_offer="no offer",
    price_now="Price now",
    price_then="Price then",
    price_before="Price before",
    shipping="Shipping",
    shipping_free="free",
    your_target="Your target",
    with_shipping="{amount}, with shipping",
    price_type="Price type",
    amazon_site="Amazon site",
    price_since="Price since",
    since="Since",
    checked_at="Checked at",
    keepa_looked="Keepa last looked on",
    availability="Availability",
    pre_order="a pre-order: Amazon delivers it once it is released",
    back_order="on back-order: Amazon delivers it once it has it again",
    delayed="delayed: Amazon delivers it later than usual",
    coupon="Coupon",
    coupon_with_subscription="Coupon with Subscribe & Save",
    takes_off="takes off another {off}",
    takes_off_then="takes off another {off}, the price then: {then}",
    takes_off_then_about="takes off another {off}, the price then: about {then}",
    chart_no_offer="Price of the last 90 days: no offer.",
    chart="Price since {since}, between {low} and {high}{target}{gaps}.",
    chart_target=", with the target at {amount}",
    chart_gaps=", grey where there was no offer",
    no_new_deals="No new deals",
    new_deals=Plural("{n} new deal", "{n} new deals"),
    deals_since="{deals} since {time}",
    deals_subject="{deals}: {price} for {title}",
    your_searches="Your searches: keeper deals filter list",
    more_deals=Plural("{n} more: keeper deals list", "{n} more: keeper deals list"),
    when_reports_come="When this report comes: keeper reports when",
    all_deals_link="All deals in Keeper",
    price="Price",
    price_and_reason="{price}, {reason}",
    deal_back_in_stock="back in stock",
    deal_score="score {points} of 100",
    below_usual="{percent} % below its usual {usual}",
    score="Score",
    score_of_100="{points} of 100",
    why="Why",
    usual_price="Usual price",
    rating="Rating",
    rating_of_5="{rating} of 5",
    rating_by=Plural("{rating} of 5, {reviews} review", "{rating} of 5, {reviews} reviews"),
    lightning_ends="Lightning deal ends",
    back_in_stock="Back in stock",
    no_offer_before="there was no offer before",
    seen_at="Seen at",
    sign_in_subject="Keeper: sign in",
    sign_in_lead=Plural(
        "Open this link within {n} minute to sign in to Keeper; it works once.",
        "Open this link within {n} minutes to sign in to Keeper; it works once.",
    ),
    sign_in_closing="If you did not ask for it, do nothing: the link alone signs nobody in.",
    sign_in_link="Sign in",
    test_subject="Keeper can reach you here",
    test_lead="This is a test: price alerts will come to this place.",
    channel_paused="{kind} {address} is paused: it takes no more messages",
    channel_paused_details=(
        "{says}\nOnce it takes messages again: keeper channels add {kind} {address}"
    ),
)
