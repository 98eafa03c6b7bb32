"""What is written of the drift ledger with each batch."""
