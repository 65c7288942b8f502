"""What the database takes."""
