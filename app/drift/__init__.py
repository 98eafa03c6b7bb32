"""What is not as declared: the events of one application, or of one workspace, in the order of the ledger. Pure."""
