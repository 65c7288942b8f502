import type { shared as en } from "../en/shared";

export const shared: Record<keyof typeof en, string> = {
  "list.read": "Gelesen",
  "list.reload": "Neu lesen",
  "list.inAll": "insgesamt {total}",
  "list.moreInAll": "insgesamt mehr als {total}",
  "zone.label": "Zeitzone",
  "copy.do": "Kopieren",
  "copy.copied": "Kopiert.",
  "copy.byHand": "Der Browser kopiert hier nicht: markiere es und kopiere es von Hand.",
  "limits.limit": "Grenze",
  "limits.used": "Genutzt",
  "limits.most": "Höchstens",
  "limits.again": "Zählt neu",
  "limits.none": "keine Grenze",
  "limits.noTime": "nie",
  "limits.watches": "Beobachtete Produkte",
  "limits.deal_filters": "Suchen nach Angeboten",
  "limits.tokens_a_day": "Token am Tag",
  "limits.checks_an_hour": "Prüfungen in der Stunde",
  "limits.imports_an_hour": "Importe in der Stunde",
};
