"""What is recorded of runs and of requests to Keepa."""
