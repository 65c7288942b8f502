"""Loading price events, with the alerts they raise, and reading them back."""
