"""The report as a person reads it, in Chromium: clicks, keys, links, marks; and texts that would do harm."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flows.commands.workspace import latest_settings
from graph.nouns import counted
from tasks.audits.judges import read_labelled
from tasks.reports.page.content import parts, write_report
from tasks.reports.page.told import told_problems
from tasks.reports.page.writing import page as html
from tests.conftest import Demo
from tests.support.browser import CHROMIUM, chromium
from tests.support.rehearsal import ROOT, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

THERE = CHROMIUM is not None and importlib.util.find_spec("playwright") is not None
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not THERE, reason="needs Chromium and playwright")]

SOURCES = ROOT / "tasks/reports/page/source"
AXE = SOURCES / "node_modules/axe-core/axe.min.js"
PARTS = ("overview", "map", "charts", "items", "compare")


@pytest.fixture(scope="module")
def content(demo: Demo) -> dict[str, Any]:
    with opened(demo.workspace) as store:
        settings = latest_settings(store)
        with told_problems(store, settings.target_pairs):
            return parts(store, settings)


@pytest.fixture(scope="module")
def report(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the demo's report, compared with itself."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    with opened(demo.workspace) as store, opened(demo.workspace) as other:
        settings = latest_settings(store)
        write_report(store, settings, file, (other, settings))
    return file.as_uri()


class Watched:
    """A page, and everything that went wrong on it or left it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda line: self.wrong.append(line.text) if line.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: self.wrong.append(dialog.message))
        page.on("request", lambda asked: self._asked(asked.url))

    def _asked(self, url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(url)

    def open(self, address: str) -> Page:
        self.page.goto("about:blank")
        self.page.goto(address)
        self.page.locator("main > section").wait_for()
        return self.page


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with chromium(900, 1280) as page:
        yield Watched(page)


@pytest.fixture
def screen(watched: Watched) -> Iterator[Watched]:
    """A page on which nothing may go wrong."""
    watched.wrong.clear()
    yield watched
    # Software that stands in for a graphics card says so.
    assert [line for line in watched.wrong if "GPU stall" not in line] == []


def test_a_reason_in_the_funnel_opens_what_it_kept_out(screen: Watched, report: str, content: dict[str, Any]) -> None:
    page = screen.open(report)
    assert page.get_by_text("Accepted pairs").is_visible()
    stage, reason, number = max(content["overview"]["rejected"], key=lambda row: row[2])
    page.get_by_role("link", name=f"{reason} {number}").click()
    page.get_by_text(f"{counted(number, 'item')} of").wait_for()
    assert page.locator(".badge").inner_text().endswith(f"rejected at {stage}: {reason}")
    assert page.locator("label", has_text=re.compile("^Outcome")).locator("select").input_value() == stage


def test_a_point_of_the_map_tells_its_seeds_and_a_combination_its_path(
    screen: Watched, report: str, content: dict[str, Any]
) -> None:
    item = next(item for item in content["items"]["items"] if item["relation"] == "two_hop")
    page = screen.open(f"{report}#map")
    page.locator("canvas").first.wait_for()
    page.get_by_label("Search").fill(item["names"][0])
    page.keyboard.press("Enter")
    page.locator(".panel h2", has_text=item["names"][0]).wait_for()
    assert page.get_by_role("heading", name="Seeds").is_visible()
    assert page.url.endswith(f"#map/{item['points'][0]}")
    page.goto(f"{report}#{item['id']}")
    page.get_by_role("link", name="Its path on the map").click()
    page.get_by_role("heading", name="A combination").wait_for()
    page.locator(".over line.implicit").wait_for(state="attached")
    assert page.locator(".over line.implicit").count() == 1
    assert page.locator(".over line.explicit").count() == 2
    assert page.get_by_text("implied by 2 edges").is_visible()


def test_the_map_is_filtered_by_field_and_coverage(screen: Watched, report: str, content: dict[str, Any]) -> None:
    page = screen.open(f"{report}#map")
    points = content["map"]["points"]
    shown = page.get_by_text(re.compile(rf"^\d+ of {len(points)} points"))
    page.get_by_label("Coverage").select_option("none")
    page.get_by_text(f"{sum(not point['pairs'] for point in points)} of {len(points)} points").wait_for()
    assert shown.count() == 1
    page.get_by_label("Coverage").select_option("")
    page.get_by_label("Field").select_option("0")
    page.get_by_text(f"{sum(point['field'] == 0 for point in points)} of {len(points)} points").wait_for()
    assert shown.count() == 1


def test_a_click_on_a_point_opens_it(screen: Watched, report: str) -> None:
    page = screen.open(f"{report}#map")
    canvas = page.locator(".canvas").bounding_box()
    assert canvas is not None
    page.wait_for_timeout(500)
    hub = page.locator(".panel h3", has_text="Hubs").locator("+ ul a").first
    hub.click()
    page.wait_for_timeout(900)  # the camera has brought it into the middle
    name = page.locator(".panel h2").inner_text()
    page.evaluate("location.hash = '#map'")
    page.locator(".panel h2", has_text="The knowledge graph").wait_for()
    page.mouse.click(canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2)
    page.locator(".panel h2", has_text=name).wait_for()
    assert re.search(r"#map/\d+$", page.url)


def test_every_chart_is_drawn_and_gives_its_numbers_as_csv(
    screen: Watched, report: str, content: dict[str, Any]
) -> None:
    for chart in content["charts"]:
        # A page of its own for each: Chromium asks before a page may save many files.
        page = screen.open(f"{report}#charts")
        card = page.locator(f"#chart-{chart['name']}")
        assert card.locator("canvas, table").count() > 0
        with page.expect_download() as saved:
            card.get_by_role("button", name="CSV").click()
        lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
        assert len(lines) == 1 + len(chart["rows"])
        assert saved.value.suggested_filename == f"{chart['name']}.csv"


def test_items_are_stepped_through_searched_and_linked(screen: Watched, report: str, content: dict[str, Any]) -> None:
    items = content["items"]["items"]
    page = screen.open(f"{report}#{items[7]['id']}")
    page.locator(".id", has_text=items[7]["id"][:8]).wait_for()
    page.keyboard.press("j")
    page.locator(".id", has_text=items[8]["id"][:8]).wait_for()
    assert page.url.endswith(items[8]["id"])
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.locator(".id", has_text=items[6]["id"][:8]).wait_for()
    page.keyboard.press("/")
    page.keyboard.type(items[3]["id"][:13])
    page.get_by_text("1 item of").wait_for()
    page.locator(".id", has_text=items[3]["id"][:8]).wait_for()


def test_a_formula_is_set_and_the_way_of_an_item_holds_every_vote(
    screen: Watched, report: str, content: dict[str, Any]
) -> None:
    item = next(item for item in content["items"]["items"] if item["outcome"] == "pair" and "$" in item["problem"])
    page = screen.open(f"{report}#{item['id']}")
    assert page.locator(".words math").count() > 0
    page.get_by_role("button", name="as written").click()
    assert page.locator("pre.raw").first.inner_text() == item["problem"]
    way = page.locator(".way")
    assert way.get_by_text("Accepted: a pair of the dataset.").is_visible()
    assert way.locator("td", has_text=re.compile("right|wrong")).count() == len(item["grades"])


def test_marks_outlive_the_page_and_become_the_file_that_the_audit_reads(
    screen: Watched, report: str, content: dict[str, Any], demo: Demo, tmp_path: Path
) -> None:
    good, bad, unsure = content["items"]["items"][:3]
    page = screen.open(f"{report}#{good['id']}")
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.keyboard.press("b")
    page.get_by_label("Note", exact=True).fill("two answers fit")
    page.locator("#row-2").click()
    assert page.evaluate("location.hash") == f"#{unsure['id']}", "leaving the note takes no click away"
    page.keyboard.press("u")
    screen.open(f"{report}#{bad['id']}")
    assert page.get_by_label("Note", exact=True).input_value() == "two answers fit"
    assert page.get_by_role("button", name="bad").get_attribute("aria-pressed") == "true"
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export marks").click()
    file = tmp_path / "labelled.jsonl"
    saved.value.save_as(file)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["label"]) for row in rows] == [(good["id"], "good"), (bad["id"], "bad")]
    assert rows[1]["note"] == "two answers fit"
    assert unsure["id"] not in file.read_text(encoding="utf-8")
    with opened(demo.workspace) as store:
        assert [row.good for row in read_labelled(store, file)] == [True, False]


def test_a_note_alone_is_no_mark_and_is_said_to_be_left_out(screen: Watched, report: str) -> None:
    page = screen.open(f"{report}#items")
    page.evaluate("localStorage.clear()")
    page = screen.open(f"{report}#items")
    page.get_by_label("Note", exact=True).fill("odd")
    page.get_by_text("A note alone is kept here and not exported").wait_for()
    assert page.locator(".mark[aria-pressed=true]").count() == 0
    page.get_by_role("button", name="Export marks").click()
    page.get_by_text("1 item with a note alone or marked unsure is left out").wait_for()
    page.locator(".tools label", has_text="Mark").locator("select").select_option("note alone")
    page.get_by_text("1 item of").wait_for()
    page.evaluate("localStorage.clear()")


# Ways through the report


def test_a_search_leads_to_its_first_hit_and_stands_in_the_address(
    screen: Watched, report: str, content: dict[str, Any]
) -> None:
    item = content["items"]["items"][5]
    page = screen.open(f"{report}#items")
    page.keyboard.press("/")
    page.keyboard.type(item["id"][:13])
    page.keyboard.press("Enter")
    assert page.url.endswith(f"#{item['id']}?text={item['id'][:13]}")
    assert page.evaluate("document.activeElement.className") == "list"
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "list"
    again = screen.open(page.url)
    again.get_by_text("1 item of").wait_for()


def test_what_stands_out_and_the_cells_of_charts_open_what_they_count(
    screen: Watched, report: str, content: dict[str, Any]
) -> None:
    items = content["items"]["items"]
    page = screen.open(f"{report}#charts/tiers")
    page.locator("#chart-tiers tr", has_text="a tie").get_by_role("link", name="a tie").click()
    page.get_by_text(f"{counted(sum(item.get('tier') == 'a tie' for item in items), 'item')} of").wait_for()
    assert page.locator(".why").inner_text().startswith("Why it was rejected.")
    page = screen.open(report)
    page.get_by_role("link", name=re.compile("the lowest yield has")).click()
    (link,) = (link for text, link in content["overview"]["noticed"] if "lowest yield" in text)
    field = next(one for one in content["map"]["fields"] if one["number"] == int(link.rpartition("=")[2]))
    page.get_by_text(f"{counted(field['problems'], 'item')} of").wait_for()


def test_a_path_outlives_a_click_beside_it_and_tells_the_seeds_of_its_edges(
    screen: Watched, report: str, content: dict[str, Any]
) -> None:
    item = next(item for item in content["items"]["items"] if item["relation"] == "two_hop")
    page = screen.open(f"{report}#map/{'-'.join(map(str, item['points']))}")
    page.locator(".edge").first.wait_for()
    assert page.locator(".edge details").count() == 2
    canvas = page.locator(".canvas").bounding_box()
    assert canvas is not None
    page.wait_for_timeout(600)
    page.mouse.click(canvas["x"] + 4, canvas["y"] + 4)
    page.wait_for_timeout(300)
    assert page.get_by_role("heading", name="A combination").is_visible()
    page.locator(".edge summary").first.click()
    assert page.locator(".edge details[open] li").count() >= 1


def test_a_field_of_the_map_has_an_address(screen: Watched, report: str, content: dict[str, Any]) -> None:
    page = screen.open(f"{report}#map")
    field = content["map"]["fields"][-1]
    page.locator("summary", has_text="smaller").click()
    page.get_by_role("link", name=field["name"]).first.click()
    points = sum(point["field"] == field["number"] for point in content["map"]["points"])
    page.get_by_text(f"{points} of {len(content['map']['points'])} points").wait_for()
    assert page.url.endswith(f"#map?field={field['number']}")


def test_a_list_of_seeds_opens_to_their_texts(screen: Watched, report: str, content: dict[str, Any]) -> None:
    items, points = content["items"]["items"], content["map"]["points"]
    item = next(item for item in items if any(points[point]["seeds"] > 3 for point in item["points"]))
    page = screen.open(f"{report}#{item['id']}")
    page.locator(".seeds summary", has_text="more").first.click()
    assert page.locator(".seeds[open] li").count() > 3


def test_two_runs_stand_side_by_side(screen: Watched, report: str, content: dict[str, Any]) -> None:
    page = screen.open(f"{report}#compare")
    assert page.get_by_role("heading", name="Settings that differ").is_visible()
    assert page.locator(".pair").count() > 0
    seeds = page.locator("tr", has_text="seeds").last.locator("td").all_inner_texts()
    assert len(set(seeds)) == 1  # a run has all its seeds in common with itself


BOMB = "$" + "\\def\\a#1{#1#1}" + "\\a{" * 40 + "x" + "}" * 40 + "$"
HOSTILE = [
    "<script>alert('script')</script>",
    "</template></script><script>alert('break out')</script>",
    "<img src=x onerror=alert('image')><svg onload=alert('svg')><iframe src='https://example.com'></iframe>",
    "[link](javascript:alert('link')) <a href=\"javascript:alert('href')\">a</a>",
    "$\\href{javascript:alert('tex')}{x} \\url{javascript:alert(1)} \\includegraphics{https://example.com/x.png}$",
    "$\\class{x}{y} \\style{background:url(https://example.com/y.png)}{z} \\data{a=b}{c} \\color{red}{r}$",
    "$\\begin{matrix}" + "{" * 2000 + "}" * 2000 + "\\end{matrix}$",
    BOMB,
    "$" * 5001 + "\\[" * 3000,
    "```\n" + "x" * 20_000,
    "\u202eevil\u202c \u2066isolate\u2069 \u200b\u0000\u0007 \ud83d",
    "x" * 50_000,
    "\u0e49" * 200,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_does_nothing(
    screen: Watched, content: dict[str, Any], tmp_path: Path, text: str
) -> None:
    told = copy.deepcopy(content)
    item = told["items"]["items"][0]
    item |= {"problem": text, "solution": text, "answer": text, "names": [text] * len(item["names"])}
    item |= {"outcome": "review", "reason": text, "detail": text, "reviews": [[text, 0.5, 0.5, text, text, text]]}
    item |= {"solutions": [[0, text, True, text]], "nearest": [text, 0.5, text], "tier": text, "level": text}
    told["map"]["points"][0]["name"] = told["map"]["fields"][0]["name"] = text
    told["map"]["seeds"][0] = [text, 1, text]
    told["charts"][0] |= {"title": text, "reading": text}
    told["overview"] |= {
        "name": text,
        "workspace": text,
        "noticed": [[text, "#map"], [text, "javascript:x"]],
        "about": text,
        "models": [[text, text]],
    }
    file = tmp_path / "report.html"
    file.write_text(html(text, told), encoding="utf-8", errors="replace")
    for part in ("overview", "map/0", "charts", item["id"]):
        page = screen.open(f"{file.as_uri()}#{part}")
    assert page.locator("main script, main img, main svg script, main iframe, main [href^='javascript' i]").count() == 0
    assert "\u202e" not in page.locator("main").inner_text()


def test_the_policy_stops_a_script_that_got_in_all_the_same(report: str, watched: Watched) -> None:
    page = watched.open(report)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', `<img src=x onerror='window.ran = 1'>`)")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 2'}))")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: `npm ci` in the page's sources")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(screen: Watched, report: str, scheme: Any, width: int) -> None:
    screen.page.set_viewport_size({"width": width, "height": 900})
    screen.page.emulate_media(color_scheme=scheme)
    found = []
    for part in PARTS:
        page = screen.open(f"{report}#{part}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate("axe.run()")
        found += [
            f"{part}: {problem['id']}: {problem['nodes'][0]['html'][:200]}"
            for problem in result["violations"]
            if problem["impact"] in ("serious", "critical")
        ]
    screen.page.emulate_media(color_scheme="light")
    screen.page.set_viewport_size({"width": 1280, "height": 900})
    assert found == []


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_nothing_is_wider_than_the_screen(screen: Watched, report: str, width: int) -> None:
    screen.page.set_viewport_size({"width": width, "height": 900})
    for part in PARTS:
        page = screen.open(f"{report}#{part}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    screen.page.set_viewport_size({"width": 1280, "height": 900})


PRINTED = """
    () => {
        const { width, height } = document.querySelector(".still");
        const pixels = document.querySelector(".still").getContext("2d").getImageData(0, 0, width, height).data;
        let coloured = 0;
        for (let at = 0; at < pixels.length; at += 4) {
            const [red, green, blue, alpha] = pixels.subarray(at, at + 4);
            if (alpha && Math.max(red, green, blue) - Math.min(red, green, blue) > 30) coloured++;
        }
        return coloured;
    }"""


def test_paper_holds_the_map_and_the_bars_in_light(screen: Watched, report: str) -> None:
    screen.page.emulate_media(color_scheme="dark")
    page = screen.open(f"{report}#map")
    page.locator(".panel h2").wait_for()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate(PRINTED) > 500
    assert page.locator(".still").is_visible()
    assert not page.locator(".canvas").is_visible()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "light"
    page = screen.open(f"{report}#charts")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".fill").first.evaluate("bar => getComputedStyle(bar).printColorAdjust") == "exact"
    assert page.evaluate("[...document.querySelectorAll('.drawing canvas')].every(each => each.clientWidth <= 660)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.className + (document.documentElement.dataset.theme ?? '')") == ""
    page.emulate_media(media="screen", color_scheme="light")


def test_words_on_the_map_stand_apart(screen: Watched, report: str) -> None:
    page = screen.open(f"{report}#map")
    page.locator(".panel h2").wait_for()
    written = page.evaluate(WRITTEN)
    assert len(written) > 5
    apart = [one for one in written for other in written if one is not other and overlap(one, other)]
    assert apart == []


WRITTEN = """
    () => {
        const words = [];
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
            words.push({ text, x, y, width: this.measureText(text).width });
            write.call(this, text, x, y);
        };
        dispatchEvent(new Event("beforeprint"));
        const drawn = words.splice(0);
        dispatchEvent(new Event("afterprint"));
        CanvasRenderingContext2D.prototype.fillText = write;
        const first = drawn.findIndex((word, place) => place && word.text === drawn[0].text);
        return first > 0 ? drawn.slice(0, first) : drawn;
    }"""
"""The words of one drawing of the map. A print draws it again, more than once."""


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two words are written one over the other."""
    across = one["x"] < other["x"] + other["width"] and other["x"] < one["x"] + one["width"]
    return bool(across and abs(one["y"] - other["y"]) < 10)


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_the_page_is_what_its_sources_make(tmp_path: Path) -> None:
    made = tmp_path / "source"
    shutil.copytree(SOURCES, made, ignore=shutil.ignore_patterns("node_modules"))
    installed = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=made, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"npm cannot install: {installed.stderr[-200:]}")
    subprocess.run(["npm", "run", "make"], cwd=made, check=True, capture_output=True)
    assert (tmp_path / "page.html").read_bytes() == (SOURCES.parent / "page.html").read_bytes()
