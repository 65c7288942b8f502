"""The Telegram bot: a program that uses Keeper's API for those who have linked their account."""
