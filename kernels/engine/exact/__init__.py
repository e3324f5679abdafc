"""The exact engine: C with one order for every sum, the same bits on every processor; and its Python face."""
