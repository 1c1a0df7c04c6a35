"""Frames of the report's map at size: how long the page's own script works on one, while a person looks around.

    python -m tests.benchmarks.map_frames                  # 20,000 points and the 80,000 heaviest of their edges
    python -m tests.benchmarks.map_frames --points 2000

A headless Chromium opens a report with a made graph, and drags, zooms and points at the map, and filters it. A frame is
what happens from one frame of the browser to the next: its callbacks, and the handlers of what the mouse did. WebGL
calls are counted apart: without a graphics card Chromium draws in software, and how long that takes says nothing of a
machine that has one. Where other programs share the machine, look at the median.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from graph.communities import communities
from graph.knowledge import KnowledgeGraph
from graph.layout import layout
from tasks.reports.page.knowledge_map import drawn_edges
from tasks.reports.page.writing import page as html
from tests.benchmarks.graphs import edges, ids
from tests.support.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

SEEDS_EACH = 2.5
"""Seeds for each point: 20,000 points then have more edges than the map draws."""
FRAME = 1000 / 60
"""Milliseconds in which a frame should be done."""

WATCH = """
(() => {
  const told = { frames: [], now: null, depth: 0 };
  window.told = told;
  const frame = (at) => {
    if (told.now === null || told.now.at !== at) told.frames.push((told.now = { at, script: 0, gl: 0 }));
    return told.now;
  };
  const timed = (how, work, self, given) => {
    const own = told.now ?? frame(0);
    const began = performance.now();
    try { return work.apply(self, given); } finally { own[how] += performance.now() - began; }
  };
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (work) => ask((at) => { frame(at); timed("script", work, window, [at]); });
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (name, work, how) {
    const watched = typeof work === "function" && /mouse|wheel|click|hashchange|change/.test(name);
    listen.call(this, name, watched ? function (...given) { return timed("script", work, this, given); } : work, how);
  };
  for (const kind of [WebGLRenderingContext, WebGL2RenderingContext]) {
    for (const name of Object.getOwnPropertyNames(kind.prototype)) {
      const { value } = Object.getOwnPropertyDescriptor(kind.prototype, name);
      if (typeof value !== "function") continue;
      kind.prototype[name] = function (...given) { return timed("gl", value, this, given); };
    }
  }
})();
"""


def content(points: int) -> dict[str, Any]:
    """A report of a made graph, and nothing else in it."""
    a, b, weight = edges(points, int(SEEDS_EACH * points))
    graph = KnowledgeGraph.numbered(ids(points), a, b, weight)
    groups = communities(graph)
    places = layout(graph, groups)
    told = {"seeds": 3, "problems": 4, "pairs": 2, "passed": 0.5, "tokens": 900, "relations": ["one_hop"], "from": []}
    rows = [
        told | {"name": f"Point {number}", "x": float(x), "y": float(y), "field": int(group), "degree": int(degree)}
        for number, ((x, y), group, degree) in enumerate(zip(places, groups, graph.degree, strict=True))
    ]
    fields = [
        {"name": f"Field {number}", "number": number, "pairs": 2, "problems": 4} for number in range(max(groups) + 1)
    ]
    empty = {"name": "map", "workspace": "map", "version": "", "made": "", "state": "", "started": "", "target": 0}
    lists = ("figures", "counts", "funnel", "rejected", "noticed", "more", "models", "thresholds")
    return {
        "overview": empty | {"rehearsal": True, "meanings": {}} | {name: [] for name in lists},
        "map": {
            "points": rows,
            "fields": fields,
            "edges": drawn_edges(graph),
            "edges_in_all": graph.edges,
            "seeds": [],
        },
        "charts": [],
        "items": {"items": [], "of": 0, "rows": []},
    }


def drag(page: Page, x: float, y: float) -> None:
    """Hold the map and lead it about."""
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(x + 5 * step, y + 2 * step)
    page.mouse.up()


def zoom(page: Page, x: float, y: float) -> None:
    """Turn the wheel, inwards and out."""
    page.mouse.move(x, y)
    for step in range(20):
        page.mouse.wheel(0, -120 if step < 10 else 120)
        page.wait_for_timeout(30)


def point(page: Page, x: float, y: float) -> None:
    """Lead the mouse over the points."""
    for step in range(40):
        page.mouse.move(x + 4 * step, y + 3 * step)


def narrow(page: Page, x: float, y: float) -> None:
    """Show one field alone, and all of them."""
    for value in ("0", ""):
        page.get_by_label("Field").select_option(value)
        page.wait_for_timeout(200)


def main() -> None:
    """Look around, and tell what the frames took."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--points", type=int, default=20_000)
    points = arguments.parse_args().points
    made = content(points)
    print(f"{points:,} points, {len(made['map']['edges']) // 3:,} edges drawn; milliseconds of a frame of {FRAME:.1f}")
    print(f"{'':8} frames   script: median   95 of 100   most    WebGL calls: median")
    with tempfile.TemporaryDirectory() as folder, chromium(900, 1280) as page:
        file = Path(folder, "report.html")
        file.write_text(html("map", made), encoding="utf-8")
        page.add_init_script(WATCH)
        page.goto(f"{file.as_uri()}#map")
        page.locator(".panel h2").wait_for()
        page.wait_for_timeout(2000)
        box = page.locator(".canvas").bounding_box() or {"x": 0, "y": 0, "width": 800, "height": 600}
        for work in (drag, zoom, point, narrow):
            page.evaluate("() => { told.frames = []; told.now = null; }")
            work(page, box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
            page.wait_for_timeout(1000)
            tell(work.__name__, page.evaluate("told.frames"))


def tell(name: str, frames: list[dict[str, float]]) -> None:
    """One line: the script of a frame without its WebGL calls, and these."""
    script = [frame["script"] - frame["gl"] for frame in frames]
    spread = quantiles(script, n=20)[-1] if len(script) > 1 else script[0]
    gl = median(frame["gl"] for frame in frames)
    print(f"{name:8} {len(frames):6} {median(script):16.2f} {spread:11.2f} {max(script):6.1f} {gl:22.1f}")


if __name__ == "__main__":
    main()
