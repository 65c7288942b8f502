"""Elasticsearch: prices and deals, searchable; can be rebuilt from PostgreSQL."""
