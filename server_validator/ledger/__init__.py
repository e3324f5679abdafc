"""The ledger: what was given out, uploaded and found valid, in one SQLite database of the data directory."""

from server_validator.ledger.database import Ledger, create

__all__ = ["Ledger", "create"]
