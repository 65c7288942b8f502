"""Watch lists as files, and rules tried on the past."""
