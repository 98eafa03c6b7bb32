"""The drift ledger's part of the projection: its rows, its questions, what is written with each batch."""
