"""The promises of speed, measured: `python -m bench` (see bench/README.md)."""
