export const signIn = {
  "signIn.title": "Sign in",
  "signIn.intro": "Keeper mails you a link. No password is needed.",
  "signIn.address": "Your mail address",
  "signIn.send": "Mail me a link",
  "signIn.sent":
    "If Keeper knows this address, a link is on its way. It works once, within 15 minutes.",
} as const;
