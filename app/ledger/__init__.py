"""The ledger: an RFC 6962 Merkle tree over events, sealed by signed checkpoints. Tamper-evident, not tamper-proof."""
