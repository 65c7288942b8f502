"""The services Keeper needs: configuration, probes, health, waiting."""
