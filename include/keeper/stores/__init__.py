"""Where data rests: PostgreSQL (the source of truth), Elasticsearch, the lake of files."""
