// The page: its parts, and which of them the address asks for.

import { charts } from "./charts";
import { compare } from "./compare";
import { has, part } from "./data";
import { el } from "./dom";
import { Inspector } from "./inspector";
import { KnowledgeView, repaint } from "./map";
import { overview } from "./overview";

const VIEWS: [string, string][] = [
  ["overview", "Overview"],
  ["map", "Map"],
  ["charts", "Charts"],
  ["items", "Pairs & rejects"],
  ...(has("compare") ? ([["compare", "Compare"]] as [string, string][]) : []),
];
const ITEM = /^[0-9a-f]{8}[0-9a-f-]*$/;
const main = document.getElementById("main") as HTMLElement;
const made = new Map<string, Promise<HTMLElement>>();
let map: KnowledgeView | null = null;
let inspector: Inspector | null = null;
let curves: (() => void) | null = null;

const MAKERS: Record<string, () => Promise<HTMLElement>> = {
  overview,
  map: async () => (map = await KnowledgeView.make()).view,
  charts: async () => {
    const { view, draw } = await charts();
    curves = draw;
    return view;
  },
  items: async () => (inspector = await Inspector.make()).view,
  compare,
};

/** Show what the address names: a part, an item by its id, a selection of items, or points of the map. */
async function show(): Promise<void> {
  const [where = "", query = ""] = location.hash.slice(1).split("?", 2);
  const [head = "", tail = ""] = where.split("/", 2);
  const name = ITEM.test(head) ? "items" : head in MAKERS && VIEWS.some(([known]) => known === head) ? head : "overview";
  for (const link of document.querySelectorAll<HTMLAnchorElement>("nav a")) {
    if (link.hash === `#${name}`) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    else link.removeAttribute("aria-current");
  }
  const view = made.get(name) ?? Promise.resolve((MAKERS[name] as () => Promise<HTMLElement>)());
  if (!made.has(name)) main.setAttribute("aria-busy", "true");
  made.set(name, view);
  const shown = await view;
  main.removeAttribute("aria-busy");
  if (main.firstElementChild !== shown) {
    main.replaceChildren(shown);
    main.className = `view-${name}`;
    scrollTo(0, 0);
    if (name === "map") map?.draw();
    if (name === "charts") curves?.();
  }
  if (name === "charts" && tail) document.getElementById(`chart-${tail}`)?.scrollIntoView();
  if (name === "map") map?.show(tail ? tail.split("-").map(Number).filter(Number.isInteger) : [], new URLSearchParams(query));
  if (name === "items") inspector?.show(ITEM.test(head) ? head : null, new URLSearchParams(query));
  const early = new URLSearchParams(query).get("outcome");
  if (name === "items" && early && ["ingest", "extract", "connect"].includes(early)) inspector?.early();
}

function theme(): HTMLElement {
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = el("button.quiet", { type: "button", "aria-label": "Light or dark" }, "\u25d0");
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    redraw();
  });
  return button;
}

/** On paper the report is light, as wide as paper, and the map is a picture. */
function paper(): void {
  const root = document.documentElement;
  let theme: string | undefined;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    root.classList.add("paper");
    redraw();
    if (main.classList.contains("view-map")) map?.keep();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("paper");
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    redraw();
  });
}

function redraw(): void {
  repaint();
  if (main.classList.contains("view-map")) map?.draw();
  if (main.classList.contains("view-charts")) curves?.();
}

async function begin(): Promise<void> {
  const { name } = await part("overview");
  const nav = el("nav", { "aria-label": "Parts of the report" }, ...VIEWS.map(([hash, title]) => el("a", { href: `#${hash}` }, title)));
  document.getElementById("top")?.append(el("a.brand", { href: "#overview", title: name }, "gsdp"), nav, theme());
  addEventListener("hashchange", () => void show());
  addEventListener("keydown", (event) => {
    if (main.classList.contains("view-items")) inspector?.key(event);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  paper();
  let wait = 0;
  addEventListener("resize", () => {
    clearTimeout(wait);
    wait = setTimeout(() => curves && main.classList.contains("view-charts") && curves(), 150);
  });
  await show();
}

void begin();
