"""Lineage in Postgres: what runs wrote, what applications asked for when they were last looked at."""
