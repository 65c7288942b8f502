"""What has changed, as it comes from the relay."""
