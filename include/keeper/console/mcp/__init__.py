"""Keeper for assistants: tools by the Model Context Protocol at /mcp."""
