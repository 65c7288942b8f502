import type { signIn as en } from "../en/signIn";

export const signIn: Record<keyof typeof en, string> = {
  "signIn.title": "Anmelden",
  "signIn.intro": "Keeper schickt dir einen Link per Mail. Ein Passwort brauchst du nicht.",
  "signIn.address": "Deine Mailadresse",
  "signIn.send": "Link schicken",
  "signIn.sent":
    "Wenn Keeper diese Adresse kennt, ist ein Link unterwegs. Er gilt einmal, 15 Minuten lang.",
};
