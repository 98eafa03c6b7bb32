"""One folder per system. A folder knows that system's words, and nothing of ours but the domain."""
