"""What errors tell people to do, in the words of the place where they read it."""

from __future__ import annotations

import pytest

from flows.orchestration.ui_words import in_ui_words
from graph.errors import StoreInUse
from tasks.endpoint.fault_tables import REMEDIES

OF_THE_COMMAND_LINE = ("same command", "--accept-changes", "[endpoints", "[roles]", "gsdp status")

SAID = [
    (
        "Endpoint block:bad at http://x/v1 refuses the key (401): no. Check api_key, then run the same command again.",
        "Endpoint block:bad at http://x/v1 refuses the key (401): no. Check api_key, then Retry this run on its page. "
        "Where the endpoint is a saved one, edit the block `bad` under Blocks.",
    ),
    (
        "Endpoint block:bad has no model for the role judge: set `model` under [endpoints.block:bad].",
        "Endpoint block:bad has no model for the role judge: edit the block `bad` under Blocks: set `model`. "
        "Where the endpoint is a saved one, edit the block `bad` under Blocks.",
    ),
    (
        "Nothing would be paid again. Add --accept-changes to go on, or choose another workspace.",
        "Nothing would be paid again. Copy to new run with *Accept changes* on to go on, or choose another workspace.",
    ),
    (
        'No endpoint plays the role rater: add `rater = "NAME"` under [roles].',
        "No endpoint plays the role rater: pick a saved endpoint for *rater* under *Roles* in the form.",
    ),
    (
        "No pair came: `gsdp status runs/x` counts what was rejected. Mend that, and run the same command again.",
        "No pair came: the artifact *rejected* of this run counts what was rejected. Mend that, then Retry this run on "
        "its page.",
    ),
    (
        "The budget of 1 USD is reached: raise `budget` and run the same command again to go on.",
        "The budget of 1 USD is reached: raise the budget (Copy to new run) and Retry this run on its page to go on.",
    ),
]


@pytest.mark.parametrize(("command_line", "ui"), SAID)
def test_it_is_said_in_the_words_of_the_ui(command_line: str, ui: str) -> None:
    assert in_ui_words(command_line) == ui
    assert in_ui_words(ui) == ui


def test_no_remedy_speaks_of_a_command_there() -> None:
    for said in (*REMEDIES.values(), str(StoreInUse("x", 1, "python"))):
        assert not any(word in in_ui_words(said) for word in OF_THE_COMMAND_LINE), said
