"""The streams' own rows: what is due, who holds it, how it went."""
