"""What Keeper is made of: known holes in it, a list of it, and images by digest."""
