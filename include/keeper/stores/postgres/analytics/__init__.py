"""Views and functions for analysts, and the page about them."""
