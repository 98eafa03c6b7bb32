"""The nouns every room shares: frozen dataclasses and StrEnums, standard library only."""
