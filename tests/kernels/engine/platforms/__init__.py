"""The proof that every platform computes the same bits."""
