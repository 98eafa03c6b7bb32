"""The verbs of `throughline`: one file each. This is composition; it may import every room."""
