"""What was taken back of whom, in words."""

from __future__ import annotations

from collections.abc import Sequence

from server_validator.ledger.taken_back import Taken


def sentences(taken: Sequence[Taken]) -> list[str]:
    """One for each host and reason; `taken` is in the order of hosts."""
    groups: dict[tuple[int | None, str], list[Taken]] = {}
    for result in taken:
        groups.setdefault((result.host, result.reason), []).append(result)
    return [_sentence(host, reason, group) for (host, reason), group in groups.items()]


def _sentence(host: int | None, reason: str, group: Sequence[Taken]) -> str:
    whose = "an unknown host" if host is None else f"host {host}"
    wrong, unknown = (sum(result.wrong == answer for result in group) for answer in (1, None))
    settled = [result.credit for result in group if result.credit is not None]
    open_ = len(group) - len(settled)
    parts = [
        f"{len(group)} results of {whose} were taken back, {sum(result.work for result in group) / 1e12:.3g} TFLOP",
        f"{wrong} of them found wrong" + (f" and {unknown} not looked at yet" if unknown else ""),
        f"credit {sum(settled):.6g}" + (f", of {open_} not settled yet" if open_ else ""),
    ]
    return f"{'; '.join(parts)}: {reason}"
