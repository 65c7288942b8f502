"""`keeper alerts`, `channels`, `deliver` and `notices`."""
