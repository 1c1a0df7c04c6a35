"""The user's alias file: which names are one knowledge point, decided by a person; it wins over every other way."""

from __future__ import annotations

import csv
from pathlib import Path

from graph.errors import SettingsError
from graph.names import normal_form


def read_aliases(path: Path | None) -> dict[str, str]:
    """Normal form of each name -> the point's name, or '' for a name to drop.

    The file is CSV with a header `name,point`. Raises SettingsError with the line that is wrong.
    """
    if path is None:
        return {}
    found: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"name", "point"} <= set(rows.fieldnames or ()):
                raise SettingsError(f"{path} needs a first line with the columns name,point.")
            for row in rows:
                name, point = (row["name"] or "").strip(), (row["point"] or "").strip()
                form = normal_form(name)
                if not form:
                    raise SettingsError(f"{path}, line {rows.line_num}: the name is empty.")
                if found.setdefault(form, point) != point:
                    raise SettingsError(f"{path}, line {rows.line_num}: {name!r} is given two points.")
                if point and normal_form(found.setdefault(normal_form(point), point)) != normal_form(point):
                    raise SettingsError(f"{path}, line {rows.line_num}: {point!r} is itself dropped or another point.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path} cannot be read as CSV ({error}): correct `connect.alias_file`.") from error
    return found
