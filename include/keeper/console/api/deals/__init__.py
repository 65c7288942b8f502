"""The API of deals: what was found, the saved searches, and the daily reports."""
