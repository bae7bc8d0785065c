"""Clients speak HTTP to the models and know nothing of storage."""
