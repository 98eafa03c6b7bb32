"""One folder per system. A folder knows that system's words, and nothing of ours but the domain.

Beside them stands what several tell, or do, alike: no folder knows another.
"""
