"""What people watch, their rules, and when a rule alerts."""
