"""What the database says of the ledger, unchecked, for the verifier."""
