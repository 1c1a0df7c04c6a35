"""The plan of a run: what its settings come to, worked out once and before anything is started.

Everything that can be wrong with settings, prompts, roles, prices or workspace is found here, before the first call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from graph.errors import SettingsError
from prompts.library import Library
from tasks.endpoint.connection import verify
from tasks.endpoint.money.prices import Price, find_price
from tasks.inputs.aliases import read_aliases
from tasks.inputs.files import with_each_file
from tasks.inputs.rows import look_at
from tasks.reports.dataset import DATASET, check_folder
from tasks.reports.licences import check_licence
from tasks.reports.row_template import check_template
from tasks.runs.extending import extended
from tasks.settings.addresses import SANDBOX
from tasks.settings.amounts import read_budget
from tasks.settings.blocks import with_blocks
from tasks.settings.identity import Identity, changes, identity, paid_again, recipes
from tasks.settings.roles import ResolvedRoles, resolve_roles
from tasks.settings.run import RunSettings
from tasks.store.database import Store, open_store
from tasks.store.latest import has_run, latest_identity

ANSWERED = "SELECT 1 FROM calls WHERE fault IS NULL OR output_tokens > 0 LIMIT 1"

Prices = Mapping[str, Mapping[str, Price | None]]
"""The price of every model that is asked, by endpoint; None where nobody knows it."""


@dataclass(frozen=True)
class Plan:
    """What a run works by."""

    settings: RunSettings
    """With blocks and globs replaced by what they name."""
    library: Library
    roles: ResolvedRoles
    identity: Identity
    prices: Prices

    @property
    def recipes(self) -> dict[str, UUID]:
        """The recipe of each stage."""
        return recipes(self.identity)


def make_plan(settings: RunSettings) -> Plan:
    """The plan of a run with these settings. Raises UsageError."""
    settings = with_each_file(with_blocks(settings))
    check_licence(settings.publish.license)
    check_template(settings.publish.template)
    library = Library(settings.domain, settings.prompts)
    read_aliases(settings.connect.alias_file, library.domain.names)
    roles = resolve_roles(settings, library)
    return Plan(settings, library, roles, identity(settings, library, roles), find_prices(settings, roles))


def going_on(plan: Plan, store: Store) -> Plan:
    """The plan for a workspace, where other models may go on with what is there."""
    if plan.settings.models != "extend":
        return plan
    roles = extended(plan.roles, plan.library, store)
    return replace(plan, roles=roles, identity=identity(plan.settings, plan.library, roles))


def check(settings: RunSettings, accept_changes: bool) -> None:
    """Find what is wrong with settings, seeds and workspace without starting anything. Raises GsdpError.

    `open_run` and ingest find the same, but only after Prefect's server is up.
    """
    plan = make_plan(settings)
    for endpoint in plan.settings.endpoints.values():
        if endpoint.base_url != SANDBOX:
            verify(endpoint)
    check_folder(plan.settings.workspace / DATASET)
    store = open_store(plan.settings.workspace)
    try:
        refuse_changes(store, going_on(plan, store).identity, accept_changes)
        for file in plan.settings.seeds:
            look_at(store, file)
    finally:
        store.close()


def answered(store: Store) -> bool:
    """Whether a workspace has had answers, so that its endpoints are more likely away than misnamed."""
    return bool(store.rows(ANSWERED))


def refuse_changes(store: Store, shape: Identity, accept_changes: bool) -> None:
    """Refuse settings that would silently throw away what was paid for; where nobody answered yet, nothing was."""
    changed = changes(latest_identity(store), shape) if has_run(store) else []
    if not changed or accept_changes or not answered(store):
        return
    stages = paid_again(changed)
    calls = dict(store.rows("SELECT stage, count(*) FROM calls GROUP BY stage"))
    cost = ", ".join(f"{stage} ({calls.get(stage, 0):,} calls so far)" for stage in stages)
    lines = "".join(f"\n  {key}: {old} -> {new}" for key, old, new in changed)
    raise SettingsError(
        f"The settings differ from the last run of this workspace in:{lines}\n"
        + (f"Paid again would be, at most: {cost}. " if stages else "Nothing would be paid again. ")
        + (EXTEND if all(of_model(key) for key, _, _ in changed) else "")
        + "Add --accept-changes to go on, or choose another workspace."
    )


EXTEND = 'To keep what is there and give new work to the new model, set `models = "extend"`. '


def of_model(key: str) -> bool:
    """Whether a changed key says which model plays a role that another one may take over."""
    return ".embedder" not in key and (key.endswith(".model") or ".extra_body" in key)


def find_prices(settings: RunSettings, roles: ResolvedRoles) -> Prices:
    """The prices of a run.

    Raises SettingsError when a budget in money meets a model without a price: it could not be kept.
    """
    found: dict[str, dict[str, Price | None]] = {name: {} for name in settings.endpoints}
    for role in (*roles.by_name.values(), *roles.judges):
        for name, model in role.replicas.items():
            found[name][model] = find_price(settings.endpoints[name], model)
            if found[name][model] is None and settings.budget and read_budget(settings.budget).unit == "USD":
                raise SettingsError(
                    f"A budget in money needs prices, and nobody knows that of {model} at the endpoint {name}: set "
                    f"`prices = {{ input = ..., output = ... }}` under [endpoints.{name}], in USD a million tokens."
                )
    return found
