"""The API of discovery: searches for products worth watching, and what they propose."""
