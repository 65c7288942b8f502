"""What Elasticsearch mirrors."""
