"""Claim, fetch, save, again and again: the shell between the sources and the ledger."""
