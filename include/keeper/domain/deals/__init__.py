"""Deals that Keepa found, their scores, filters and reports."""
