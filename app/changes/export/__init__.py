"""Whole lists, streamed: what the exports read."""
