"""Whether a result is believed: read, drawn from, recomputed, compared. Knows the ledger and no other database."""
