"""What the plan classes promise of a host, as the build reads it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import plan_classes
import pytest

from benchmarks import figures, record, tables


@pytest.mark.parametrize(
    ("platform", "flavour"),
    [
        ("x86_64-pc-linux-gnu", "cpu"),
        ("x86_64-pc-linux-gnu", "cputorch"),
        ("x86_64-pc-linux-gnu", "nvtorch"),
        ("aarch64-unknown-linux-gnu", "cpu"),
    ],
)
def test_every_linux_class_promises_the_glibc_that_the_release_is_built_on(platform: str, flavour: str) -> None:
    classes = plan_classes.of_build(platform, flavour)
    assert plan_classes.promised_glibc(classes) == (2, 28)


def test_clients_expect_of_the_exact_engine_the_pace_that_was_measured() -> None:
    measured = tables.projected_scale(record.read("whetstone", figures.PROCESSOR))
    for row in ElementTree.parse(plan_classes.SPEC).iter("plan_class"):
        exact = plan_classes.CLASSES[row.findtext("name", "")].flavour == "cpu"
        assert row.findtext("projected_flops_scale") == (f"{measured:.1f}" if exact else None)


@pytest.mark.parametrize("classes", [[], ["cpuwin", "cpuwinmt"], ["cpu", "cpumac"], ["unheard"]])
def test_nothing_is_promised_where_one_class_asks_for_nothing(classes: list[str]) -> None:
    assert plan_classes.promised_glibc(classes) is None


def test_of_several_promises_the_oldest_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = plan_classes.SPEC.read_text().replace("<min_libc_version>228<", "<min_libc_version>234<", 1)
    (tmp_path / "spec.xml").write_text(text)
    monkeypatch.setattr(plan_classes, "SPEC", tmp_path / "spec.xml")
    assert plan_classes.promised_glibc(["cpu"]) == (2, 34)
    assert plan_classes.promised_glibc(["cpu", "cpumt"]) == (2, 28)
