"""Of programs that measure: what they write down, and what the pages tell of it."""
