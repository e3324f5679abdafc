"""`python -m client` is `axiom-worker`."""

from client.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
