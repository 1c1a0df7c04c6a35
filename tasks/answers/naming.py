r"""Letters that any other could stand for: `k\pi` and `n\pi` for whole numbers, `x^2 + C` and `x^2 + K`.

Knows: a whole number before \pi (or one that the answer says is any integer), and a constant of integration. Does not
know which letters the problem gives, so nothing else is renamed.
"""

from __future__ import annotations

from fractions import Fraction

from tasks.answers.expression import negative, substituted
from tasks.answers.forms import Form, compare, form_of
from tasks.answers.reading import Formula

_INTEGERS = frozenset("klmnj")
_CONSTANTS = frozenset("CKck")
_GREAT_CONSTANTS = frozenset("CK")


def renamed(left: Formula, right: Formula, stated: bool) -> bool:
    """Whether the two are one formula but for the name of such a letter; `stated`: it was said to be any integer."""
    ours, theirs = left.letters - right.letters, right.letters - left.letters
    if len(ours) != 1 or len(theirs) != 1:
        return False
    (one,), (other,) = ours, theirs
    if not (_is_integer(left, right, one, other, stated) or _is_constant(left, right, one, other)):
        return False
    form = form_of(substituted(right.tree, other, ("name", one)))
    return bool(form and left.form and compare(left.form, form))


def _is_integer(left: Formula, right: Formula, one: str, other: str, stated: bool) -> bool:
    if not {one, other} <= _INTEGERS:
        return False
    return stated or (
        (left.letters == {one} and right.letters == {other})
        and all(_before_pi(form, name) for form, name in ((left.form, one), (right.form, other)))
    )


def _before_pi(form: Form | None, name: str) -> bool:
    r"""Whether every term with the letter has \pi too."""
    if form is None or any(name == generator for term in form.bottom for generator, _ in term):
        return False
    held = [term for term in form.top if any(generator == name for generator, _ in term)]
    return bool(held) and all(any(generator == r"\pi" for generator, _ in term) for term in held)


def _is_constant(left: Formula, right: Formula, one: str, other: str) -> bool:
    if not {one, other} <= _CONSTANTS or not {one, other} & _GREAT_CONSTANTS:
        return False
    return all(_is_added(formula, name) for formula, name in ((left, one), (right, other)))


def _is_added(formula: Formula, name: str) -> bool:
    """Whether the formula without its letter is that letter less."""
    without = form_of(("+", formula.tree, negative(("name", name))))
    zero = form_of(substituted(formula.tree, name, ("number", Fraction(0))))
    return bool(without and zero and compare(without, zero))
