"""Events of Keeper's own: publishing them and listening to them."""
