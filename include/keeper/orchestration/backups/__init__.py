"""What `back_up_stores` does."""
