"""What of this project can be used by itself: a verifier of final answers, and rewards made of it.

>>> from gsdp import verify
>>> verify("1/2", r"so it is \\boxed{0.5}").outcome
'same'
>>> verify("3", r"3 \\text{ million}").outcome
'different'
>>> verify(r"25\\%", "25", question="What percent of 8 is 2?").outcome
'same'
>>> verify("12 students", "12 people").outcome
'unknown'

Importing it loads none of the pipeline, and starts nothing; see `gsdp.verification`.
"""

from __future__ import annotations

from gsdp.rewards import trl_reward, verl_reward
from gsdp.verification import Verifier, averify, averify_batch, verify, verify_batch
from tasks.answers.verdict import Outcome, Verdict
from tasks.settings.policy import Policy

__all__ = [
    "Outcome",
    "Policy",
    "Verdict",
    "Verifier",
    "averify",
    "averify_batch",
    "trl_reward",
    "verify",
    "verify_batch",
    "verl_reward",
]
