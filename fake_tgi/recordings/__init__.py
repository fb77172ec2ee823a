"""Exchanges kept as files: writing, redacting, reading and replaying them."""
