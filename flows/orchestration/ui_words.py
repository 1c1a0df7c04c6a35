"""What errors tell people to do, in the words of Prefect's UI: there is no command to run again there, and no settings
file to edit. Messages are written for the command line; here alone are they put into other words, for showing.
"""

from __future__ import annotations

import re

from graph.errors import GsdpError

SAVED = r"block:([\w-]+)"
SAYINGS: tuple[tuple[str, str], ...] = (
    (rf"[Ss]et (`[^`]+`) under \[endpoints\.{SAVED}\]", r"edit the block `\2` under Blocks: set \1"),
    (rf"\[endpoints\.{SAVED}\]", r"the block `\1`"),
    (r'set `models = "extend"`', "choose *extend* for *Models* in the form (Copy to new run)"),
    (r"Add --accept-changes to go on", "Copy to new run with *Accept changes* on to go on"),
    (r"Raise `budget`|raise `budget`", "raise the budget (Copy to new run)"),
    (r", and run the same command again", ", then Retry this run on its page"),
    (r"then run the same command again", "then Retry this run on its page"),
    (r"run the same command again to go on", "Retry this run on its page to go on"),
    (r"run the same command again", "Retry this run on its page"),
    (r"Run the same command again", "Retry this run on its page"),
    (r"`gsdp status [^`]*` counts", "the artifact *rejected* of this run counts"),
    (r"`gsdp status` counts", "the artifact *rejected* of this run counts"),
    (r"`gsdp status` of its folder counts", "the artifact *rejected* of this run counts"),
    (r'add `(\w+) = "NAME"` under \[roles\]', r"pick a saved endpoint for *\1* under *Roles* in the form"),
    (r"under \[\[(\w+)\]\]", r"under *\1* in the form"),
    (r"under \[(\w+)\]", r"under *\1* in the form"),
    (r"`gsdp run`", "the deployment synthesize"),
)
"""What is said on the command line, as a pattern, and what is said in its place."""
EDIT = " Where the endpoint is a saved one, edit the block `{name}` under Blocks."
NAMED = re.compile(rf"^Endpoint {SAVED} ")


def in_ui_words(text: str) -> str:
    """A message as it is said in Prefect's UI. What is in these words already stays as it is."""
    for pattern, said in SAYINGS:
        text = re.sub(pattern, said, text)
    found = NAMED.match(text)
    told = EDIT.format(name=found[1]) if found else ""
    return text if told in text else text + told


def put_into_ui_words(error: GsdpError) -> None:
    """Change what an error says, so that its run's state and log say it in the words of the UI."""
    error.args = (in_ui_words(str(error)), *error.args[1:])
