"""A BOINC project's folder: what its config.xml says of the database."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path


class Unknown(Exception):
    """Something that BOINC's project or database does not tell, and why."""


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the project's database is, and as whom it is asked; each may be empty."""

    host: str  # may end in a port, as host:port
    name: str
    user: str
    password: str


def database_settings(project: Path) -> DatabaseSettings:
    """The settings in the project's config.xml. Unknown if it has none."""
    config = project / "config.xml"
    try:
        settings = ElementTree.parse(config).getroot().find("config")
    except (OSError, ElementTree.ParseError) as error:
        raise Unknown(f"{config}: {error}") from error
    if settings is None:
        raise Unknown(f"{config} has no <config>")
    host, name, user, password = (
        (settings.findtext(tag) or "").strip() for tag in ("db_host", "db_name", "db_user", "db_passwd")
    )
    return DatabaseSettings(host, name, user, password)
