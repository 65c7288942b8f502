"""The bot's texts in English."""

from typing import Final

from keeper.bot.texts.catalogue import Texts

ENGLISH: Final = Texts(
    language="en",
    commands={
        "list": "What you watch",
        "price": "What something costs, and whether that is good",
        "deals": "The best deals of today",
        "target": "Change the price at which to alert you",
        "snooze": "No alerts of a watch for some days",
        "stop": "Stop watching something",
        "help": "How this works",
        "unlink": "End the link to your Keeper account",
    },
    not_linked="This Telegram account is not linked to Keeper yet. Open Keeper's settings in your "
    "browser, choose Telegram, and follow the link there; or send /start with the code it shows.",
    welcome="Send me the address of a product at Amazon, and I say whether its price is good.",
    linked="You are linked to {email}. Alerts come here too; /unlink ends that.",
    code_used_up="This code is not valid any more. Get another one in Keeper's settings.",
    account_taken="This Telegram account is linked to another user of Keeper. Send /unlink first, "
    "then open the link again.",
    unlinked="The link is ended. Nothing comes here any more.",
    help="Send me the address of a product at Amazon: I say what it costs and whether that is "
    "good, and watch it for you.\n\n"
    "/list – what you watch\n"
    "/price ADDRESS – what something costs\n"
    "/deals – the best deals of today\n"
    "/target NUMBER AMOUNT – alert at another price\n"
    "/snooze NUMBER DAYS – no alerts of it for some days\n"
    "/stop NUMBER – stop watching it\n"
    "/unlink – end the link to Keeper\n\n"
    "/list shows the numbers.",
    no_product="I see no product in that. Send me the address of a product's page at Amazon; "
    "/help shows what else I can do.",
    several_products="That names several products. Send me one at a time.",
    short_link_failed="This short link led me to no product. Open it and send me the address of "
    "the page.",
    unknown_product="Keeper does not know this product yet. Watch it, and its price is fetched "
    "with the next check.",
    unknown_site="Keepa, which Keeper asks, does not cover this Amazon site.",
    good="{amount}: {rank}",
    rank="cheaper than on {dearer} of {days} days with an offer since {since}",
    rank_never_dearer="never dearer in {days} days since {since}",
    rank_too_short="too little is known to say whether that is good: a week of prices is needed",
    average="90-day average: {amount}",
    no_offer="There is no offer now.",
    hidden="There is an offer, but Amazon shows its price in the basket alone.",
    not_checked="Its price has not been fetched yet; that happens with the next check.",
    stale="Careful: last checked on {since}.",
    invented="An invented price, from Keeper's simulator.",
    watched="You watch it, with an alert at {target}. Its number is {number}.",
    watched_without_target="You watch it, without a target. Its number is {number}.",
    paused="It is paused.",
    snoozed="No alerts until {since}.",
    watch_at="Watch at −10 % ({amount})",
    watch_own="Watch at my own price",
    watch_only="Watch",
    lower_to="Target −10 % ({amount})",
    change_target="Change target",
    snooze="Snooze a week",
    stop="Stop",
    undo="Undo",
    shop="Open on Amazon",
    ask_target="At what price shall I alert you? Send me an amount, like {example}.",
    not_an_amount="That is not an amount in {currency}. Write it like {example}.",
    target_set="Done: I alert you at {target} or below.",
    watching="Done: I watch it.",
    snooze_set="No alerts of it until {since}.",
    stopped="I watch it no more.",
    resumed="I watch it again.",
    list_title="You watch:",
    list_line="/w{number} {title}: {price}{target}",
    list_hint="Touch a number to see more.",
    list_more="More",
    list_empty="You watch nothing yet. Send me the address of a product at Amazon.",
    deals_title="The best deals of today:",
    deals_empty="No deals today. Deals come from filters, which you save in Keeper's pages.",
    deal_line="{title}: {price}{below}",
    below_usual=", {percent} % below what it usually costs",
    say_number="Say which watch: {command} and its number, which /list shows.",
    no_watch="There is no watch {number} of yours. /list shows those there are.",
    foreign_button="This button is not for this chat, or too old. Send /list.",
    limit_reached="A limit is reached: {detail}.",
    refused="That did not work: {detail}.",
    away="Keeper does not answer at the moment. Try again in a minute.",
    too_fast="That was a lot at once. Wait a minute, please.",
    broken="That went wrong, and it is my fault. Keeper's operator finds it in the log.",
    open_console="Open Keeper",
)
