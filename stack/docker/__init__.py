"""A Docker engine, stand-ins for images that cannot be pulled, and the composed system on both."""
