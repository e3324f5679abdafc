"""`python -m server_validator` is `axiom-server`."""

from server_validator.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
