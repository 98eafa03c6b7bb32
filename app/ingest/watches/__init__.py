"""Live streams: who holds each, and how it stands."""
