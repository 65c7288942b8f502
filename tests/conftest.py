"""Fixtures every folder of tests may ask for."""

pytest_plugins = ("tests.services", "tests.keepa_simulator", "tests.search_mirror")
