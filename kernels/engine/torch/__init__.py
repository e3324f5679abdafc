"""The torch engine: any torch device, near the exact engine within stated tolerances."""
