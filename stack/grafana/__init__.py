"""Grafana's dashboards, from definitions: `make dashboards` writes docker/grafana/dashboards/."""
