"""Requests: what users ask the API for and a worker carries out."""
