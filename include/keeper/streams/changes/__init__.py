"""What commits have changed, on its way from the relay to the consoles."""
