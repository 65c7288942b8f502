"""Turning alerts into messages and handing them to channels."""
