"""The bot's texts in German."""

from typing import Final

from keeper.bot.texts.catalogue import Texts

GERMAN: Final = Texts(
    language="de",
    commands={
        "list": "Was du beobachtest",
        "price": "Was etwas kostet, und ob das gut ist",
        "deals": "Die besten Angebote von heute",
        "target": "Bei einem anderen Preis melden",
        "snooze": "Ein paar Tage keine Meldungen dazu",
        "stop": "Etwas nicht mehr beobachten",
        "help": "So geht es",
        "unlink": "Verknüpfung mit Keeper beenden",
    },
    not_linked="Dieses Telegram-Konto ist noch nicht mit Keeper verknüpft. Öffne im Browser die "
    "Einstellungen von Keeper, wähle Telegram und folge dem Link dort; oder schick /start mit dem "
    "Code, der dort steht.",
    welcome="Schick mir die Adresse eines Produkts bei Amazon, und ich sage dir, ob sein Preis gut "
    "ist.",
    linked="Du bist mit {email} verknüpft. Meldungen kommen auch hierher; /unlink beendet das.",
    code_used_up="Dieser Code gilt nicht mehr. In den Einstellungen von Keeper gibt es einen "
    "neuen.",
    account_taken="Dieses Telegram-Konto ist mit einem anderen Konto bei Keeper verknüpft. Schick "
    "erst /unlink und öffne dann den Link noch einmal.",
    unlinked="Die Verknüpfung ist beendet. Hierher kommt nichts mehr.",
    help="Schick mir die Adresse eines Produkts bei Amazon: Ich sage dir, was es kostet und ob das "
    "gut ist, und beobachte es für dich.\n\n"
    "/list – was du beobachtest\n"
    "/price ADRESSE – was etwas kostet\n"
    "/deals – die besten Angebote von heute\n"
    "/target NUMMER BETRAG – bei einem anderen Preis melden\n"
    "/snooze NUMMER TAGE – ein paar Tage keine Meldungen dazu\n"
    "/stop NUMMER – nicht mehr beobachten\n"
    "/unlink – Verknüpfung mit Keeper beenden\n\n"
    "Die Nummern zeigt /list.",
    no_product="Darin finde ich kein Produkt. Schick mir die Adresse einer Produktseite bei "
    "Amazon; /help zeigt, was ich sonst kann.",
    several_products="Das nennt mehrere Produkte. Schick sie mir einzeln.",
    short_link_failed="Dieser Kurzlink führt zu keinem Produkt. Öffne ihn und schick mir die "
    "Adresse der Seite.",
    unknown_product="Keeper kennt dieses Produkt noch nicht. Beobachte es, dann wird sein Preis "
    "beim nächsten Abruf geholt.",
    unknown_site="Keepa, das Keeper fragt, kennt diese Seite von Amazon nicht.",
    good="{amount}: {rank}",
    rank="günstiger als an {dearer} von {days} Tagen mit Angebot seit dem {since}",
    rank_never_dearer="nie teurer in {days} Tagen seit dem {since}",
    rank_too_short="ob das gut ist, lässt sich noch nicht sagen: Dafür braucht es eine Woche "
    "Preise",
    average="Mittel über 90 Tage: {amount}",
    no_offer="Zurzeit gibt es kein Angebot.",
    hidden="Es gibt ein Angebot, aber Amazon zeigt den Preis erst im Einkaufswagen.",
    not_checked="Der Preis wurde noch nicht geholt; das geschieht beim nächsten Abruf.",
    stale="Vorsicht: zuletzt abgerufen am {since}.",
    invented="Ein erfundener Preis aus Keepers Simulator.",
    watched="Du beobachtest es; Meldung bei {target}. Seine Nummer ist {number}.",
    watched_without_target="Du beobachtest es ohne Zielpreis. Seine Nummer ist {number}.",
    paused="Es ist angehalten.",
    snoozed="Keine Meldungen bis zum {since}.",
    watch_at="Beobachten bei −10 % ({amount})",
    watch_own="Eigener Zielpreis",
    watch_only="Beobachten",
    lower_to="Ziel −10 % ({amount})",
    change_target="Zielpreis ändern",
    snooze="Eine Woche Ruhe",
    stop="Beenden",
    undo="Rückgängig",
    shop="Bei Amazon öffnen",
    ask_target="Bei welchem Preis soll ich mich melden? Schick mir einen Betrag, etwa {example}.",
    not_an_amount="Das ist kein Betrag in {currency}. Schreib ihn so: {example}.",
    target_set="Gemacht: Ich melde mich bei {target} oder weniger.",
    watching="Gemacht: Ich beobachte es.",
    snooze_set="Keine Meldungen dazu bis zum {since}.",
    stopped="Ich beobachte es nicht mehr.",
    resumed="Ich beobachte es wieder.",
    list_title="Du beobachtest:",
    list_line="/w{number} {title}: {price}{target}",
    list_hint="Tippe auf eine Nummer, um mehr zu sehen.",
    list_more="Mehr",
    list_empty="Du beobachtest noch nichts. Schick mir die Adresse eines Produkts bei Amazon.",
    deals_title="Die besten Angebote von heute:",
    deals_empty="Heute gibt es keine Angebote. Sie kommen von Filtern, die du auf Keepers Seiten "
    "anlegst.",
    deal_line="{title}: {price}{below}",
    below_usual=", {percent} % unter dem üblichen Preis",
    say_number="Sag, welche Beobachtung: {command} und ihre Nummer; /list zeigt sie.",
    no_watch="Du hast keine Beobachtung {number}. /list zeigt, welche es gibt.",
    foreign_button="Dieser Knopf ist nicht für diesen Chat oder zu alt. Schick /list.",
    limit_reached="Eine Grenze ist erreicht: {detail}.",
    refused="Das ging nicht: {detail}.",
    away="Keeper antwortet gerade nicht. Versuch es in einer Minute noch einmal.",
    too_fast="Das war viel auf einmal. Warte bitte eine Minute.",
    broken="Das ging schief, und es liegt an mir. Wer Keeper betreibt, findet es im Log.",
    open_console="Keeper öffnen",
)
