"""Pictures for a run's page in Prefect: bars with a label and a number, as an address that holds the image itself.

Prefect shows an image by its address, and a run has no place on the web to leave one.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

WIDTH, ROW, LABEL = 760, 30, 210
"""Pixels of a picture's width, of the height of a bar with its gap, and of the room for its label."""
LETTERS = 30
"""Most letters of a label."""
INK, BAR, PAPER = "#1f2430", "#3f6fb5", "#ffffff"


def bars(title: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """A picture of rows of label, number and how the number is written."""
    most = max((number for _, number, _ in rows), default=0) or 1
    height = ROW * (len(rows) + 2)
    room = WIDTH - LABEL - 130
    drawn = [
        f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(label[:LETTERS])}</text>'
        f'<rect x="{LABEL}" y="{y}" width="{max(1, round(room * number / most))}" height="{ROW - 9}" fill="{BAR}"/>'
        f'<text x="{LABEL + max(1, round(room * number / most)) + 8}" y="{y + 15}">{escape(written)}</text>'
        for y, (label, number, written) in ((ROW * (at + 1) + 12, row) for at, row in enumerate(rows))
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="14" fill="{INK}"><rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
        f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>{"".join(drawn)}</svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8', 'replace')).decode('ascii')}"
