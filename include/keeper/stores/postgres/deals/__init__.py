"""Deals, their filters, what is known of their products, and reports."""
