"""A data card's words for the hub."""

from __future__ import annotations

import pytest

from server_validator.reporting.card import size_category


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        (1, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10_000, "10K<n<100K"), (999_999, "100K<n<1M"),
        (10**6, "1M<n<10M"), (10**7, "10M<n<100M"), (10**9 - 1, "100M<n<1B"), (10**11, "100B<n<1T"), (10**12, "n>1T"),
        (10**15, "n>1T"),
    ],
)  # fmt: skip
def test_the_size_category_is_one_of_the_hubs(cells: int, word: str) -> None:
    assert size_category(cells) == word
