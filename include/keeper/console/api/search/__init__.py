"""What Elasticsearch has."""
