"""What a reply shows of a product, and what it costs."""
