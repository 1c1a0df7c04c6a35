"""The report as one HTML file: the page that `source/` makes, with the content of a workspace in it.

The page fetches nothing. Its policy lets only its own script and style run, by their hashes, so nothing in the content
could run even if it stood there as text. It does not: it is compressed and written in base64, of whose letters no tag
can be made.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any

from tasks.reports.page.items import as_json

PAGE = "page.html"
"""The built page: `source/make.mjs` makes it."""
CONTENT, TITLE = "<!--content-->", "<!--title-->"


def page(title: str, parts: Mapping[str, Any]) -> str:
    """The whole file. Each part is content that the page unpacks when it needs it."""
    template = resources.files("tasks.reports.page").joinpath(PAGE).read_text(encoding="utf-8")
    blocks = "\n".join(f'<template id="part-{name}">{packed(value)}</template>' for name, value in parts.items())
    return template.replace(TITLE, escape(title), 1).replace(CONTENT, blocks, 1)


def part(text: str, name: str) -> Any:
    """A part of a page, as it was given."""
    found = re.search(rf'<template id="part-{name}">([^<]*)</template>', text)
    if found is None:
        raise ValueError(f"the page has no part {name}")
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def packed(value: Any) -> str:
    """JSON, compressed, in letters that are safe anywhere. The time is left out, so the same content looks the same."""
    # A model may write half of a character that takes two; UTF-8 knows none.
    content = as_json(value).encode("utf-8", "replace")
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")
