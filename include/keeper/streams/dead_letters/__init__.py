"""Where messages go that can never be stored, and how they get another chance."""
