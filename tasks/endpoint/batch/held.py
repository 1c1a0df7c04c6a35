"""What is set aside for calls that a server works on while nobody waits for them."""

from __future__ import annotations

from uuid import UUID

from tasks.endpoint.money.budget import BudgetAccount


class HeldAmounts:
    """The most that each such call may cost; the account counts it as spent until the call is collected."""

    def __init__(self, account: BudgetAccount) -> None:
        self._account = account
        self.amounts: dict[UUID, float] = {}

    def inherit(self, call_id: UUID, worst: float) -> None:
        """Take in a call of an earlier run, whose amount the account takes over with all others at once."""
        self.amounts[call_id] = worst

    def keep(self, call_id: UUID, worst: float) -> None:
        """Keep set aside what a call may cost, although nobody waits for it."""
        if worst:
            self.amounts[call_id] = worst
            self._account.hold(worst)

    def let_go(self, call_id: UUID, spent: bool = False) -> float:
        """What was set aside for a call, which is free again, or was `spent`."""
        worst = self.amounts.pop(call_id, 0.0)
        self._account.settle(worst, worst if spent else 0.0, standing=True)
        return worst

    def close(self) -> None:
        """Leave everything to the next run, which inherits it; for this one it is spent."""
        for call_id in list(self.amounts):
            self.let_go(call_id, spent=True)
