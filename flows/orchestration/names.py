"""What runs are called: as a person has called them, else by their flow and their workspace."""

from __future__ import annotations

import re

from prefect.context import FlowRunContext

MADE_UP = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+){1,2}")
"""The names that Prefect's server and the forms of its UIs make up, as `fantastic-ibis`. People may type such too."""


def run_name() -> str:
    """The name of the run that begins. What was typed in the form stays; what may be made up goes into brackets."""
    begun = FlowRunContext.get()
    if not (begun and begun.flow and begun.flow_run and begun.parameters):
        raise RuntimeError("a run is named when it begins")
    workspace = begun.parameters["settings"].workspace.name
    return name_of(begun.flow.name, workspace, begun.flow_run.name, begun.flow_run.deployment_id)


def name_of(flow: str, workspace: str, called: str, deployment: object) -> str:
    """The name of a run of a flow in a workspace; `called`: its name so far."""
    if deployment is None:
        return f"{flow} {workspace}"
    return f"{flow} {workspace} ({called})" if MADE_UP.fullmatch(called) else called
