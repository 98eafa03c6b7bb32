"""The projection's own writing: entities' tokens, memberships, changes. Nothing else writes these tables."""
