"""What a catalogue of the bot's texts has: plain texts, in which braces hold what is filled in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """All that the bot says, in one language.

    Attributes:
        language: Telegram's code of it.
        commands: What Telegram shows of each command, by its name.
    """

    language: str
    commands: dict[str, str]
    not_linked: str
    welcome: str
    linked: str
    code_used_up: str
    account_taken: str
    unlinked: str
    help: str
    no_product: str
    several_products: str
    short_link_failed: str
    unknown_product: str
    unknown_site: str
    good: str
    rank: str
    rank_never_dearer: str
    rank_too_short: str
    average: str
    no_offer: str
    hidden: str
    not_checked: str
    stale: str
    invented: str
    watched: str
    watched_without_target: str
    paused: str
    snoozed: str
    watch_at: str
    watch_own: str
    watch_only: str
    lower_to: str
    change_target: str
    snooze: str
    stop: str
    undo: str
    shop: str
    ask_target: str
    not_an_amount: str
    target_set: str
    watching: str
    snooze_set: str
    stopped: str
    resumed: str
    list_title: str
    list_line: str
    list_hint: str
    list_more: str
    list_empty: str
    deals_title: str
    deals_empty: str
    deal_line: str
    below_usual: str
    say_number: str
    no_watch: str
    foreign_button: str
    limit_reached: str
    refused: str
    away: str
    too_fast: str
    broken: str
    open_console: str
