"""The user's alias file: decisions of a person on which names are one knowledge point; they win over everything else.

It is CSV, in either of two forms or both at once, told by its first line:

- `name,point`: the name stands for the point; an empty point drops the name.
- `name,other,decision`: the two names are the `same` or `different`; an empty decision leaves the pair as it is. This
  is the file that `gsdp graph --merges` writes, with further columns, which are not read.

A line speaks of the name as it is spelled; of other spellings with its normal form only where no line is about them. So
a line can also part two names that have one form: `CO,Co,different`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from graph.errors import SettingsError
from graph.names import ORDINARY, NameRules, clean_name, normal_form
from graph.plain import of_cell

FORMS = (("name", "point"), ("name", "other", "decision"))


@dataclass(frozen=True)
class Decisions:
    """What the user has decided, by the normal forms of names, and before these by their spelling."""

    points: dict[str, str] = field(default_factory=dict)
    """Form -> name of the point it stands for, or '' for a name to drop."""
    spelled: dict[str, str] = field(default_factory=dict)
    """The same by the exact name, where names of one form stand for several points."""
    parted: frozenset[str] = frozenset()
    """Exact names that are another point than other names of their form."""
    same: frozenset[tuple[str, str]] = frozenset()
    different: frozenset[tuple[str, str]] = frozenset()
    """Pairs of forms, in order."""


def read_aliases(path: Path | None, rules: NameRules = ORDINARY) -> Decisions:
    """The decisions in a file; none without a file. Raises SettingsError with the line that is wrong."""
    if path is None:
        return Decisions()
    points: dict[str, str] = {}
    spelled: dict[str, dict[str, str]] = {}
    pairs: dict[tuple[str, str], str] = {}
    parted: set[str] = set()
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        form = normal_form(row["name"], rules)
        if not form:
            raise SettingsError(f"{where}: the name is empty.")
        if row.get("decision"):
            _decide(pairs, parted, (form, normal_form(row["other"], rules)), row, where)
        elif "point" in row and not row.get("other"):
            exact = clean_name(row["name"])[0]
            own = spelled.setdefault(form, {}).setdefault(exact, row["point"])
            if own != row["point"] or points.get(form, "") not in ("", own, *spelled[form].values()):
                raise SettingsError(f"{where}: {row['name']!r} is given two points.")
            points.setdefault(form, row["point"])
            _target(points, row, where, rules)
    several = {
        name: point for names in spelled.values() if len(set(names.values())) > 1 for name, point in names.items()
    }
    same, different = (frozenset(p for p, word in pairs.items() if word == wanted) for wanted in ("same", "different"))
    return Decisions(points, several, frozenset(parted), same, different)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not any(set(form) <= set(rows.fieldnames or ()) for form in FORMS):
                forms = " or ".join(",".join(form) for form in FORMS)
                raise SettingsError(f"{path} needs a first line with the columns {forms}.")
            for row in rows:
                yield (
                    rows.line_num,
                    {key: of_cell((value or "").strip()) for key, value in row.items() if isinstance(key, str)},
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path} cannot be read as CSV ({error}): correct `connect.alias_file`.") from error


def _target(points: dict[str, str], row: dict[str, str], where: str, rules: NameRules) -> None:
    point = row["point"]
    form = normal_form(point, rules)
    if point and normal_form(points.setdefault(form, point), rules) != form:
        raise SettingsError(f"{where}: {point!r} is itself dropped or another point.")


def _decide(
    pairs: dict[tuple[str, str], str], parted: set[str], forms: tuple[str, str], row: dict[str, str], where: str
) -> None:
    (form, other), decision = forms, row["decision"].casefold()
    if decision not in ("same", "different"):
        raise SettingsError(f"{where}: the decision {row['decision']!r} is neither same nor different.")
    name, exact = clean_name(row["name"])[0], clean_name(row["other"])[0]
    if not other or (name == exact and decision == "different"):
        raise SettingsError(f"{where}: {row['name']!r} and {row['other']!r} cannot be told apart, or one is empty.")
    if other == form:
        parted |= {exact} if decision == "different" else set()
        return
    pair = (min(form, other), max(form, other))
    if pairs.setdefault(pair, decision) != decision:
        raise SettingsError(f"{where}: {row['name']!r} and {row['other']!r} are decided in two ways.")
