"""The plan classes as BOINC reads them: for every build, in tags that it knows, under names that nobody misreads."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import layout
import plan_classes
import pytest
from plan_classes import CLASSES

SPEC = ElementTree.parse(Path(__file__).parents[3] / "packaging" / "server" / "plan_class_spec.xml").getroot()

# Every tag that our classes use, with the form that BOINC's parser wants. A tag that it does not know it skips without
# a word, and the condition with it.
TAGS = {
    "name": r"[a-z]+",
    "min_core_client_version": r"\d{5,6}",
    "projected_flops_scale": r"\d\.\d",
    "cpu_feature": r"fma|avx2",
    "min_libc_version": r"2\d\d",
    "min_os_version": r"\d{6}|10\d{8}",
    "min_ncpus": r"\d+",
    "max_threads": r"\d+",
    "nthreads_cmdline": r"",
    "project_prefs_tag": r"[a-z]+",
    "project_prefs_regex": r"1",
    "gpu_type": r"nvidia",
    "cuda": r"",
    "min_nvidia_compcap": r"[5-9]0\d|1[0-9]0\d",
    "min_cuda_version": r"1\d{4}",
    "min_driver_version": r"\d{5}",
    "min_gpu_ram_mb": r"\d+",
    "gpu_ram_used_mb": r"\d+",
    "avg_ncpus": r"1",
    "gpu_peak_flops_scale": r"0\.\d+",
}
SYSTEMS = {
    "x86_64-pc-linux-gnu": {"cpu_feature", "min_libc_version"},
    "aarch64-unknown-linux-gnu": {"min_libc_version"},
    "windows_x86_64": {"cpu_feature", "min_os_version"},
    "x86_64-apple-darwin": {"min_os_version"},
    "arm64-apple-darwin": {"min_os_version"},
}
SYSTEM_TAGS = set().union(*SYSTEMS.values())


def conditions(name: str) -> ElementTree.Element:
    (row,) = (row for row in SPEC if row.findtext("name") == name)
    return row


def test_every_class_is_written_once_in_tags_that_boinc_knows() -> None:
    assert SPEC.tag == "plan_classes"
    assert [row.findtext("name") for row in SPEC] == list(CLASSES)
    for row in SPEC:
        assert row.tag == "plan_class"
        for tag in row:
            assert re.fullmatch(TAGS[tag.tag], tag.text or ""), (row.findtext("name"), tag.tag, tag.text)
            assert tag.tag == "cpu_feature" or len(row.findall(tag.tag)) == 1


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_conditions_of_its_platforms_and_no_others(name: str) -> None:
    row, tags = CLASSES[name], {tag.tag for tag in conditions(name)}
    for platform in row.platforms:
        assert tags & SYSTEM_TAGS == SYSTEMS[platform], platform
    features = [tag.text for tag in conditions(name).findall("cpu_feature")]
    assert features in ([], ["fma", "avx2"])
    assert int(conditions(name).findtext("min_core_client_version", "0")) >= 71602
    assert row.multicore == ("nthreads_cmdline" in tags) == ("max_threads" in tags) == ("project_prefs_tag" in tags)
    assert (row.flavour == "nvtorch") == ("gpu_type" in tags) == ("min_nvidia_compcap" in tags)


def test_every_build_has_its_classes_and_every_class_its_build() -> None:
    assert {row.flavour for row in CLASSES.values()} == layout.FLAVOURS.keys() == plan_classes.APPLICATIONS.keys()
    platforms = set(layout.PLATFORMS.values())
    assert platforms == SYSTEMS.keys()
    assert all(platforms >= set(row.platforms) for row in CLASSES.values())
    for platform in platforms:
        plain, multicore = plan_classes.of_build(platform, "cpu")
        assert (CLASSES[plain].multicore, CLASSES[multicore].multicore) == (False, True)
    assert plan_classes.of_build("windows_x86_64", "nvtorch") == ["nvtorchwin"]
    assert plan_classes.of_build("arm64-apple-darwin", "nvtorch") == []


@pytest.mark.parametrize("name", CLASSES)
def test_no_client_misreads_the_name_of_a_class(name: str) -> None:
    assert not [word for word in plan_classes.MISREAD if word in name]
    # update_versions splits a folder's name at the first double underscore.
    assert "_" not in name
