"""A small bank, live: one seeded story told through fake servers that speak the real APIs. Tests and docs use the same cast."""
