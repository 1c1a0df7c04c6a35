"""Every error that may reach a person, designed once.

The class says two things: who can mend it (the exit code) and whether trying again makes sense (`transient`).

    GsdpError                     exit 1
    |-- UsageError                exit 2   the command line, the settings or the seeds must change
    |   |-- SettingsError
    |   |-- SeedError
    |   `-- PromptError
    |-- TargetMissed              exit 3   an orderly end below the target; other seeds or settings may give more
    |-- StoreError                exit 1   the DuckDB file: locked, newer, truncated, read-only, disk full
    |-- BudgetError               no more may be bought
    |   |-- BudgetReached         exit 0   the run drains, and a larger budget lets it go on
    |   `-- BudgetOverrun         exit 1   a server bills more than it was allowed to
    `-- EndpointError             exit 1   no answer can be had from an endpoint
        |-- EndpointDown          transient, if it has ever answered: the server does not now; Prefect retries the task
        `-- EndpointRefused       final: wrong key, unknown model, no quota; the run stops at once

A failure of one item (an unparseable answer, a refused prompt) is never an exception: it is a row with a reason.
A message is one sentence that says what is wrong, and one that says what to do. Messages are for people: no code reads
them. What decides is the class, and what a class carries (`StoreInUse.pid`, `EndpointError.spent`).
"""

from __future__ import annotations

from graph.spending import Spending


class GsdpError(Exception):
    """Base of all errors that the command prints as one sentence instead of a traceback."""

    exit_code = 1
    transient = False


class TargetMissed(GsdpError):
    """A run has ended in order, and below its target: nothing is left that could make more pairs."""

    exit_code = 3


class UsageError(GsdpError):
    """The command line, the settings or the seeds must change before a run can start."""

    exit_code = 2


class SettingsError(UsageError):
    """A settings file or an override is wrong; the message names the key and the nearest valid one."""


class SeedError(UsageError):
    """A seed or benchmark file as a whole cannot be used; single bad rows are rejects, not errors."""


class PromptError(UsageError):
    """A prompt file does not render: unknown role, undeclared or missing input."""


class StoreError(GsdpError):
    """The workspace's DuckDB file cannot be opened or written."""


class StoreInUse(StoreError):
    """Another process holds it."""

    def __init__(self, path: object, pid: int, program: str) -> None:
        """Without a number where it is in another container, and without a program where it is another user's."""
        named = f"process {pid}" + (f" ({program})" if program else "")
        self.pid, self.holder = pid, named if pid else "a process of another container or machine"
        super().__init__(
            f"{path} is in use by {self.holder}: wait until it ends, or stop it, then run the same command again."
        )


class BudgetError(GsdpError):
    """No call may leave any more."""

    spent: Spending | None = None
    """What the call that ended with this had used before, for the ledger; None when nothing was sent."""


class BudgetReached(BudgetError):
    """The next call could exceed the budget: an orderly end, and not a failure."""

    exit_code = 0


class BudgetOverrun(BudgetError):
    """A server billed more than the call's limit allowed, so no budget can be kept."""


class EndpointError(GsdpError):
    """An endpoint gives no answer to anybody, so going on makes no sense."""

    spent: Spending | None = None
    """What the call that ended with this had used, for the ledger; None when nothing was sent."""


class EndpointDown(EndpointError):
    """The endpoint did not answer within its patience; the same call may work later."""

    transient = True


class EndpointRefused(EndpointError):
    """The endpoint refuses this client: key, model, quota or payment; retrying cannot help."""
