"""What Keeper says in German, to somebody it knows well."""

from typing import Final

from babel import Locale

from keeper.alerts.words.catalogue import PageWords, Plural, Reasons, Words

_REASONS: Final = Reasons(
    at_target="dein Zielpreis ist erreicht",
    further_drop="seit dem letzten Alarm weiter gefallen",
    at_or_below="höchstens {amount}",
    risen_above="über {amount} gestiegen",
    below_average="{percent} % unter dem Mittel der letzten {days} Tage von {amount}",
    below_average_landed="{percent} % unter dem Mittel seit Februar 2026 von {amount}",
    fell_by="um {percent} % gefallen, vorher {amount}",
    lowest_landed="der niedrigste Preis seit Februar 2026",
    lowest_ever="der niedrigste Preis, der je bekannt war",
    lowest_in="der niedrigste Preis in {days} Tagen",
    worth="als Angebot {points} von 100 Punkten wert",
    worth_landed="nach den Preisen seit Februar 2026 als Angebot {points} von 100 Punkten wert",
    back_in_stock="wieder da",
    back_as_pre_order="wieder da, zum Vorbestellen",
    back_on_back_order="wieder bestellbar, aber noch nicht auf Lager",
    sold_out="ausverkauft",
    fell="gefallen, vorher {amount}",
    rose="gestiegen, vorher {amount}",
    offer_gone="Das Angebot ist inzwischen weg.",
    nothing_known=(
        "Weder der eigene Verlauf noch ein Mittel von 90 Tagen zeigt, ob das billig ist."
    ),
    averages_only=(
        "Bekannt sind nur die Mittel von Keepa, nicht der eigene Verlauf; so sind es höchstens "
        "{points} Punkte."
    ),
    month_average="Das Mittel der letzten 31 Tage war nur {amount}.",
    no_price="In den letzten 90 Tagen gab es keinen Preis, also auch keinen üblichen.",
    no_price_landed="Seit Februar 2026 gab es keinen Preis, also auch keinen üblichen.",
    raised_before="Der Preis wurde erhöht, bevor er fiel.",
    young="Bekannt ist es erst seit {days} Tagen, das beweist wenig.",
    young_landed=(
        "Preise mit Versand sind erst von {days} Tagen bekannt, seit Februar 2026; das beweist "
        "wenig."
    ),
    drop_below="{amount} ist {percent} % unter dem Mittel von 90 Tagen, {usual}.",
    drop_above="{amount} ist {percent} % über dem Mittel von 90 Tagen, {usual}.",
    drop_equal="{amount} ist so viel wie das Mittel von 90 Tagen, {usual}.",
    drop_below_landed="{amount} ist {percent} % unter dem Mittel seit Februar 2026, {usual}.",
    drop_above_landed="{amount} ist {percent} % über dem Mittel seit Februar 2026, {usual}.",
    drop_equal_landed="{amount} ist so viel wie das Mittel seit Februar 2026, {usual}.",
    never_this_cheap=(
        "So billig war es in den {days} bekannten Tagen nie; vorher waren es mindestens {amount}."
    ),
    never_this_cheap_landed=(
        "So billig war es in den {days} bekannten Tagen seit Februar 2026 nie; vorher waren es "
        "mindestens {amount}."
    ),
    at_lowest="Das ist der niedrigste Preis der {days} bekannten Tage, {amount}.",
    at_lowest_landed=(
        "Das ist der niedrigste Preis der {days} bekannten Tage seit Februar 2026, {amount}."
    ),
    above_lowest_since=(
        "Der niedrigste Preis der {days} bekannten Tage war {amount}; billiger war es zuletzt am "
        "{date}."
    ),
    above_lowest_since_landed=(
        "Der niedrigste Preis der {days} bekannten Tage seit Februar 2026 war {amount}; billiger "
        "war es zuletzt am {date}."
    ),
    above_lowest="Der niedrigste Preis der {days} bekannten Tage war {amount}.",
    above_lowest_landed=(
        "Der niedrigste Preis der {days} bekannten Tage seit Februar 2026 war {amount}."
    ),
    rare=(
        "So viel oder weniger kostete es {percent} % der Zeit, in der es in den letzten {days} "
        "Tagen ein Angebot gab."
    ),
    rare_below_one=(
        "So viel oder weniger kostete es weniger als 1 % der Zeit, in der es in den letzten {days} "
        "Tagen ein Angebot gab."
    ),
    rare_landed=(
        "So viel oder weniger kostete es {percent} % der Zeit, in der es seit Februar 2026 ein "
        "Angebot gab."
    ),
    rare_below_one_landed=(
        "So viel oder weniger kostete es weniger als 1 % der Zeit, in der es seit Februar 2026 ein "
        "Angebot gab."
    ),
)

_PAGES: Final = PageWords(
    hold_alerts=Plural(
        "Die Alarme für {product} {n} Tag lang zurückhalten?",
        "Die Alarme für {product} {n} Tage lang zurückhalten?",
    ),
    alerts_held_until="Die Alarme für {product} werden bis {end} zurückgehalten.",
    alerts_were_held_until=(
        "Die Alarme für {product} wurden nach dieser Nachricht bis {end} zurückgehalten; nimm den "
        "Link einer neueren."
    ),
    stop_watching="{product} nicht mehr beobachten?",
    not_watched_any_more="{product} wird nicht mehr beobachtet.",
    unsubscribe="Keine Alarme mehr an {place} schicken?",
    unsubscribed="An {place} gehen keine Alarme mehr.",
    watch_gone="Dieses Produkt wird nicht mehr beobachtet.",
    other_watch=(
        "Dieser Link gehört zu einer Merkliste, die Keeper nicht mehr hat; geändert wurde nichts. "
        "Nimm den Link einer neueren Nachricht."
    ),
    channel_gone="Diesen Kanal gibt es nicht mehr.",
    other_channel=(
        "Dieser Link gehört zu einem Kanal, den Keeper nicht mehr hat; geändert wurde nichts. "
        "Nimm den Link einer neueren Nachricht."
    ),
    link_not_valid="Dieser Link gilt nicht.",
    link_too_old=Plural(
        "Dieser Link ist älter als {n} Tag und gilt nicht mehr; nimm den einer neueren Nachricht.",
        "Dieser Link ist älter als {n} Tage und gilt nicht mehr; nimm den einer neueren Nachricht.",
    ),
    link_of_older_version=(
        "Dieser Link ist von einer älteren Version von Keeper und gilt nicht mehr; nimm den einer "
        "neueren Nachricht."
    ),
    yes="Ja",
    try_again="Das kann Keeper gerade nicht tun; versuch es in einer Minute noch einmal.",
    sign_in_title="Keeper: anmelden",
    sign_in_as="Als {email} anmelden?",
    sign_in_button="Anmelden",
    signed_in_as="Du bist als {email} angemeldet.",
    go_on="Weiter zu Keeper",
    sign_in_link_used_up="Dieser Link gilt nicht mehr; lass dir einen neuen schicken.",
    needs_https=(
        "Zum Anmelden braucht es HTTPS: Öffne diesen Link mit der https-Adresse oder auf dem "
        "Rechner der Konsole selbst, oder lass KEEPER_INSECURE_COOKIE=1 setzen."
    ),
    other_site="Das kam nicht von der Seite mit dem Knopf; öffne den Link noch einmal.",
)

GERMAN: Final = Words(
    locale=Locale("de"),
    moment_pattern="d. MMM y, HH:mm",
    day_pattern="d. MMMM y",
    month_pattern="MMMM",
    month_of_year_pattern="MMMM y",
    axis_pattern="d. MMM",
    reasons=_REASONS,
    pages=_PAGES,
    simulated="SIMULIERTER PREIS: Er kommt vom Keepa-Simulator, der zu Keeper gehört, nicht von "
    "Amazon.",
    simulated_mark="[simuliert] ",
    perhaps_doubled=(
        "Diese Nachricht hast du vielleicht schon: Die Verbindung ging verloren, während sie "
        "geschickt wurde."
    ),
    more="… und mehr",
    more_counted="… und {n} mehr",
    open_on="Bei {site} öffnen",
    see_in_keeper="In Keeper ansehen",
    opening="{price}: {good}",
    opening_in_two="{price}: {good}; {before}",
    last_days_cheaper=Plural(
        "günstiger als an {higher} von {n} Tag", "günstiger als an {higher} der letzten {n} Tage"
    ),
    last_days_never_dearer=Plural(
        "am letzten Tag nie teurer", "in den letzten {n} Tagen nie teurer"
    ),
    was_lower="im {month} waren es {amount}",
    the_lowest_since="der niedrigste Preis seit dem {day}",
    days=Plural("{n} Tag", "{n} Tagen"),
    days_with_offer=Plural("{n} Tag mit Angebot", "{n} Tagen mit Angebot"),
    cheaper_than_on="günstiger als an {higher} von {days}",
    less_than_one="weniger als einem",
    never_dearer="nie teurer in {days}",
    since_day="seit dem {day}",
    since_landed="seit Februar 2026",
    amount_since_landed="{amount} seit Februar 2026",
    how_good="Wie gut",
    how_good_since="{good} {since}",
    lowest="Niedrigster",
    of_all_prices="aller Preise, die {since} bekannt sind",
    lowest_since="Niedrigster seit",
    average="Mittel",
    average_90="Mittel von 90 Tagen",
    price_alert="Preisalarm: {reason}",
    snooze_link="Eine Woche Ruhe",
    stop_link="Nicht mehr beobachten",
    lower_target="Ziel −10 % ({amount})",
    alerts=Plural("{n} Preisalarm", "{n} Preisalarme"),
    alerts_for_products=Plural("{alerts} für {n} Produkt", "{alerts} für {n} Produkte"),
    held_back="{alerts}, für dich zurückgehalten",
    held_back_for="{alerts}, zurückgehalten wegen {reasons}",
    held_for_snooze="der Pause",
    held_for_quiet_hours="der Ruhezeit",
    held_for_daily_cap="der Tagesgrenze",
    and_=" und ",
    older_left_out=Plural(
        "{n} älterer ist weggelassen: keeper alerts list",
        "{n} ältere sind weggelassen: keeper alerts list",
    ),
    sold_out="ausverkauft",
    price_hidden="Preis erst an der Kasse",
    no_offer="kein Angebot",
    price_now="Preis jetzt",
    price_then="Preis beim Alarm",
    price_before="Preis vorher",
    shipping="Versand",
    shipping_free="kostenlos",
    your_target="Dein Ziel",
    with_shipping="{amount}, mit Versand",
    price_type="Preistyp",
    amazon_site="Amazon-Seite",
    price_since="Preis seit",
    since="Seit",
    checked_at="Geprüft am",
    keepa_looked="Keepa sah zuletzt nach am",
    availability="Verfügbarkeit",
    pre_order="zum Vorbestellen: Amazon liefert, sobald es erschienen ist",
    back_order="nachbestellt: Amazon liefert, sobald es wieder da ist",
    delayed="verspätet: Amazon liefert später als sonst",
    coupon="Coupon",
    coupon_with_subscription="Coupon im Spar-Abo",
    takes_off="nimmt noch einmal {off} weg",
    takes_off_then="nimmt noch einmal {off} weg, dann kostet es {then}",
    takes_off_then_about="nimmt noch einmal {off} weg, dann kostet es etwa {then}",
    chart_no_offer="Preis der letzten 90 Tage: kein Angebot.",
    chart="Preis seit dem {since}, zwischen {low} und {high}{target}{gaps}.",
    chart_target=", das Ziel bei {amount}",
    chart_gaps=", grau, wo es kein Angebot gab",
    no_new_deals="Keine neuen Angebote",
    new_deals=Plural("{n} neues Angebot", "{n} neue Angebote"),
    deals_since="{deals} seit {time}",
    deals_subject="{deals}: {price} für {title}",
    your_searches="Deine Suchen: keeper deals filter list",
    more_deals=Plural("{n} weiteres: keeper deals list", "{n} weitere: keeper deals list"),
    when_reports_come="Wann dieser Bericht kommt: keeper reports when",
    all_deals_link="Alle Angebote in Keeper",
    price="Preis",
    price_and_reason="{price}, {reason}",
    deal_back_in_stock="wieder da",
    deal_score="{points} von 100 Punkten",
    below_usual="{percent} % unter den üblichen {usual}",
    score="Punkte",
    score_of_100="{points} von 100",
    why="Warum",
    usual_price="Üblicher Preis",
    rating="Bewertung",
    rating_of_5="{rating} von 5",
    rating_by=Plural(
        "{rating} von 5, {reviews} Rezension", "{rating} von 5, {reviews} Rezensionen"
    ),
    lightning_ends="Blitzangebot endet",
    back_in_stock="Wieder da",
    no_offer_before="vorher gab es kein Angebot",
    seen_at="Gesehen am",
    sign_in_subject="Keeper: anmelden",
    sign_in_lead=Plural(
        "Öffne diesen Link innerhalb von {n} Minute, um dich bei Keeper anzumelden; er gilt "
        "einmal.",
        "Öffne diesen Link innerhalb von {n} Minuten, um dich bei Keeper anzumelden; er gilt "
        "einmal.",
    ),
    sign_in_closing=(
        "Wenn du ihn nicht haben wolltest, tu nichts: Der Link allein meldet niemanden an."
    ),
    sign_in_link="Anmelden",
    test_subject="Keeper erreicht dich hier",
    test_lead="Das ist ein Test: Hierher kommen deine Preisalarme.",
    channel_paused="{kind} {address} ist angehalten: Dort kommt nichts mehr an",
    channel_paused_details=(
        "{says}\nSobald dort wieder etwas ankommt: keeper channels add {kind} {address}"
    ),
)
