"""Deals that Keepa tells of, their scores, filters and reports."""
