"""One language for every list: text → tree → sentence, and tree → WHERE."""
