"""Which problems ask for a proof alone, and which have an answer to vote on."""

from __future__ import annotations

import pytest

from tasks.judging.comparable import asks_for_proof
from tests.support.answers_written_blind_later import PROOFS as BLIND

PROOFS = [
    ("Prove that n is even.", True, "a statement to prove"),
    ("Establish the inequality $a+b \\ge 2$.", True, "an inequality to establish"),
    ("Establish that the sequence converges.", True, "a statement to establish"),
    ("Establish a formula for the sum.", False, "a formula is asked for"),
    ("Deduce that n is odd.", True, "a statement to deduce"),
    ("Deduce the value of x.", False, "a value to deduce"),
    ("Verify that 91 is not prime.", True, "a statement to verify"),
    ("Verify whether 91 is prime.", False, "yes or no"),
    ("Verify if the series converges.", False, "yes or no"),
    ("Show that f is continuous and find f(2).", False, "a value besides"),
    ("Find x. Show your work.", False, "the work is to be shown, not a statement"),
    ("Beweisen Sie die Ungleichung.", True, "German"),
    ("Zeige, dass $n^2$ gerade ist.", True, "German"),
    ("Zeige, dass x=2 ist, und berechne y.", False, "German, a value besides"),
    ("Bestimme x.", False, "German, a value"),
    ("Démontrer l'inégalité.", True, "French"),
    ("Prouvez que n est pair.", True, "French"),
    ("Montrer que f est continue.", True, "French"),
    ("Déterminer la valeur de x.", False, "French, a value"),
    ("Combien de diviseurs a 12 ?", False, "French, a number"),
]


@pytest.mark.parametrize(("problem", "expected", "why"), PROOFS + BLIND, ids=[row[0] for row in PROOFS + BLIND])
def test_a_problem_asks_for_a_proof(problem: str, expected: bool, why: str) -> None:
    assert asks_for_proof(problem) is expected, why
