"""An application version as staff have it, a folder with version.xml and signatures, for the loopback project."""

from pathlib import Path
from xml.etree import ElementTree

from tests.boinc.work import AppFile, AppVersion


def read(tree: Path, *, signed: bool) -> AppVersion:
    """The version in `tree`, which is `.../APPLICATION/VERSION/PLATFORM__PLANCLASS`, as update_versions would make it.

    With `signed` the .sig file of every file is served with it, whatever it says; else the project signs.
    """
    application, number = tree.parent.parent.name, tree.parent.name
    major, minor = number.split(".")
    root = ElementTree.parse(tree / "version.xml").getroot()
    return AppVersion(
        application,
        tuple(_file(tree, element, signed) for element in root.iter("file")),
        version_num=100 * int(major) + int(minor),
        api_version=root.findtext("api_version", ""),
        plan_class=tree.name.partition("__")[2],
    )


def _file(tree: Path, element: ElementTree.Element, signed: bool) -> AppFile:
    name = element.findtext("physical_name", "")
    path = tree / name
    return AppFile(
        name,
        path,
        main_program=element.find("main_program") is not None,
        executable=bool(path.stat().st_mode & 0o100),
        open_name=element.findtext("logical_name"),
        signature=path.with_name(f"{path.name}.sig").read_text() if signed else None,
        gzip=element.find("gzip") is not None,
    )
