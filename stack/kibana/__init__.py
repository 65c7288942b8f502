"""Kibana's data views, saved searches and dashboards, which docker/kibana/keeper.ndjson holds."""
