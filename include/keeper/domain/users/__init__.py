"""Who uses the console, and what each may do."""
