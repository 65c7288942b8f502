"""Elasticsearch as a mirror: comparing, rebuilding, waiting for its workers."""
