"""The formats of our files: bytes in, bytes out, strict on reading. docs/formats.md is the reference."""
