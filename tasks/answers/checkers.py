"""Who compares answers, by the name that a domain gives: the seam for answers that are checked in another way.

A checker is what `Equivalence` is: it compares two final answers to a question, is symmetric, and never raises because
of their content. One that runs programs would be a line here.
"""

from __future__ import annotations

from graph.errors import SettingsError
from prompts.domain import find_domain
from tasks.answers.equivalence import Equivalence
from tasks.answers.physics import PhysicsEquivalence


def checker_of(name: str) -> type[Equivalence]:
    """The checker of a name. Raises SettingsError."""
    if name not in CHECKERS:
        raise SettingsError(f"There is no checker {name!r}: a domain's checker is one of {', '.join(CHECKERS)}.")
    return CHECKERS[name]


def checker_of_domain(domain: str) -> type[Equivalence]:
    """The checker of a domain, by its name or its folder's path. Raises PromptError, SettingsError."""
    return checker_of(find_domain(domain).checker)


CHECKERS: dict[str, type[Equivalence]] = {"mathematics": Equivalence, "physics": PhysicsEquivalence}
