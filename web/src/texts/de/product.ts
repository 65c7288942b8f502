import type { product as en } from "../en/product";

export const product: Record<keyof typeof en, string> = {
  "product.watch": "Beobachten",
  "product.edit": "Alarm ändern",
  "product.open": "Bei {site} öffnen",
  "product.history": "Preisverlauf",
  "product.noHistory": "Noch ist kein Preis bekannt. Die nächste Prüfung bringt den ersten.",
  "product.cheaper": "günstiger als an {dearer} von {days} Tagen mit Angebot",
  "product.dearest": "an keinem von {days} Tagen mit Angebot teurer",
  "product.lowestSince": "der niedrigste seit {day}",
  "product.average": "im Mittel {amount} in 90 Tagen",
  "product.unknown": "Zu wenig Verlauf, um zu sagen, ob das gut ist.",
  "product.range": "Zeitraum",
};
