// The knowledge graph, drawn with WebGL: points by community and degree, filters, and what became of each point.

import Graph from "graphology";
import Sigma from "sigma";
import { part, type Items, type KnowledgeMap, type Point } from "./data";
import { clean, colour, el } from "./dom";
import { Labels, type Offer } from "./labels";
import { Panel, tint } from "./panel";
import { shortest } from "./paths";

const NAMED = 8;
const SVG = "http://www.w3.org/2000/svg";

interface Limits {
  field: string;
  relation: string;
  least: number;
  pairs: string;
  dear: string;
}

interface Tie {
  a: number;
  b: number;
  hidden?: boolean;
  color?: string;
}

export class KnowledgeView {
  readonly view = el("section.map", { "aria-label": "Map of the knowledge graph" });
  private readonly canvas = el("div.canvas", { role: "img", "aria-label": "The knowledge graph; the panel next to it says the same in words" });
  private readonly panel = el("aside.panel", { "aria-live": "polite" });
  private readonly still = el("canvas.still", { "aria-hidden": "true" });
  private readonly labels = new Labels();
  private readonly picks: Record<string, HTMLSelectElement | HTMLInputElement> = {};
  private readonly over = document.createElementNS(SVG, "svg");
  private readonly graph = new Graph({ type: "undirected", multi: false });
  private readonly neighbours: number[][];
  private readonly limits: Limits = { field: "", relation: "", least: 0, pairs: "", dear: "" };
  private readonly dear: number;
  private readonly middles: { x: number; y: number }[];
  private sigma: Sigma | null = null;
  private marked: number[] = [];
  private way = new Set<number>();
  private near = new Set<number>();
  private kept: boolean[];
  private readonly told: Panel;

  static async make(): Promise<KnowledgeView> {
    const [map, items] = await Promise.all([part("map"), part("items")]);
    return new KnowledgeView(map, items);
  }

  private constructor(
    private readonly map: KnowledgeMap,
    items: Items,
  ) {
    this.neighbours = map.points.map(() => []);
    for (let at = 0; at < map.edges.length; at += 3) {
      const [a, b] = [map.edges[at] as number, map.edges[at + 1] as number];
      this.neighbours[a]?.push(b);
      this.neighbours[b]?.push(a);
    }
    this.kept = map.points.map(() => true);
    this.told = new Panel(map, items, this.neighbours);
    this.middles = middles(map);
    const costs = map.points.map((point) => point.tokens).filter((value): value is number => value !== null);
    this.dear = costs.sort((a, b) => a - b)[Math.floor(0.75 * costs.length)] ?? 0;
    this.over.setAttribute("aria-hidden", "true");
    this.over.setAttribute("class", "over");
    const stage = el("div.stage-map", {}, this.canvas, this.still, this.zooms());
    stage.insertBefore(this.over, this.still);
    this.view.append(el("div.tools", {}, ...this.controls()), el("div.panes", {}, stage, this.panel));
    this.panel.append(...this.told.welcome(this.kept));
  }

  /** Draw, or draw again in the colours of the theme and the size there now is. */
  draw(): void {
    if (!this.canvas.clientWidth) return;
    const seen = this.sigma?.getCamera().getState();
    this.sigma?.kill();
    this.sigma = null;
    this.fill();
    try {
      this.sigma = this.drawn();
    } catch {
      this.canvas.replaceChildren(el("p.reading", {}, "This browser draws no WebGL, which the map needs. The panel and the search work without it."));
      return;
    }
    if (seen) this.sigma.getCamera().setState(seen);
    this.sigma.on("clickNode", ({ node }) => this.go([Number(node)]));
    this.sigma.on("clickEdge", ({ edge }) => this.edge(edge));
    // A path stays when a click misses its points: the panel leads back to the whole graph.
    this.sigma.on("clickStage", () => this.marked.length < 2 && this.go([]));
    this.sigma.on("afterRender", () => this.overlay());
    this.sigma.refresh();
  }

  /** Keep what is drawn as a picture: WebGL's own is gone by the time that paper is. */
  keep(): void {
    this.draw();
    const layers = Object.values(this.sigma?.getCanvases() ?? {});
    this.still.width = layers[0]?.width ?? 0;
    this.still.height = layers[0]?.height ?? 0;
    for (const layer of layers) this.still.getContext("2d")?.drawImage(layer, 0, 0);
  }

  private drawn(): Sigma {
    return new Sigma(this.graph, this.canvas, {
      labelRenderedSizeThreshold: this.map.points.length > 2000 ? 6 : 5,
      allowInvalidContainer: true,
      enableEdgeEvents: this.map.edges.length <= 3 * 15_000,
      labelDensity: 1,
      defaultEdgeColor: colour("edge"),
      hideEdgesOnMove: this.map.edges.length > 3 * 15_000,
      hideLabelsOnMove: this.map.points.length > 5_000,
      zIndex: true,
      minCameraRatio: 0.02,
      maxCameraRatio: 3,
      nodeReducer: (node, data) => this.look(Number(node), data),
      edgeReducer: (_, data) => this.tie(data as Tie),
      defaultDrawNodeLabel: (_, data) => this.labels.offer(data as Offer),
      defaultDrawNodeHover: (context, data, settings) => this.hover(context, data as { label: string | null; x: number; y: number; size: number }, settings.labelFont),
    });
  }

  /** Show a point, or the path of a combination; and only what the filters of an address leave. */
  show(points: number[], wanted: URLSearchParams = new URLSearchParams()): void {
    if ([...wanted.keys()].length) {
      for (const [name, control] of Object.entries(this.picks)) control.value = wanted.get(name) ?? (name === "least" ? "0" : "");
      this.limit({ ...Object.fromEntries(Object.entries(this.picks).map(([name, control]) => [name, control.value])), least: this.least() });
    } else if (this.query()) window.history.replaceState(null, "", `#map${points.length ? `/${points.join("-")}` : ""}${this.query()}`);
    this.marked = points.filter((point) => point < this.map.points.length);
    const [first, second] = this.marked;
    this.panel.replaceChildren(...(first === undefined ? this.told.welcome(this.kept) : second === undefined ? this.told.about(first) : this.told.path(this.marked)));
    this.panel.scrollTop = 0;
    this.way = new Set(second === undefined ? this.marked : this.ties(this.marked).flatMap(([a, b]) => [a, b]));
    this.near = new Set(first === undefined || second !== undefined ? [] : this.neighbours[first]);
    this.sigma?.refresh({ skipIndexation: true });
    this.move();
  }

  /** Bring what is marked into the middle. */
  private move(): void {
    const { sigma } = this;
    const spots = [...this.way].map((number) => sigma?.getNodeDisplayData(String(number))).filter((spot) => spot !== undefined);
    if (!sigma || !spots.length) return;
    const [xs, ys] = [spots.map((spot) => spot.x), spots.map((spot) => spot.y)];
    const span = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
    const ratio = spots.length > 1 ? Math.max(0.15, 1.6 * span) : Math.min(sigma.getCamera().ratio, 0.5);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const middle = (values: number[]) => (Math.max(...values) + Math.min(...values)) / 2;
    void sigma.getCamera().animate({ x: middle(xs), y: middle(ys), ratio }, { duration: still ? 0 : 400 });
  }

  private go(points: number[]): void {
    location.hash = `#map${points.length ? `/${points.join("-")}` : ""}${this.query()}`;
  }

  /** The filters, as an address has them. */
  private query(): string {
    const set = Object.entries(this.picks).flatMap(([name, control]) => (control.value && !(name === "least" && control.value === "0") ? [[name, control.value]] : []));
    return set.length ? `?${new URLSearchParams(set)}` : "";
  }

  /** A click on an edge: within a path its seeds are opened, else it is a path of its own. */
  private edge(key: string): void {
    const told = this.panel.querySelector<HTMLElement>(`#edge-${key}`);
    if (!told) return this.marked.length > 1 ? undefined : this.go(key.split("-").map(Number));
    for (const seeds of told.querySelectorAll("details")) seeds.open = true;
    told.scrollIntoView({ block: "nearest" });
  }

  private fill(): void {
    this.graph.clear();
    const room = Math.min(1, this.canvas.clientWidth / 800);
    const sparse = Math.min(1, Math.sqrt(600 / Math.max(1, this.map.points.length))) * room;
    const sizes = this.map.points.map((point) => (3 + 1.6 * Math.sqrt(point.degree)) * (0.22 + 0.78 * sparse));
    this.map.points.forEach((point, number) => {
      this.graph.addNode(String(number), { x: point.x, y: point.y, size: sizes[number], label: point.name, color: tint(point.field) });
    });
    const { edges } = this.map;
    for (let at = 0; at < edges.length; at += 3) {
      const width = Math.min(4, 0.5 + 0.5 * Math.log2(edges[at + 2] as number)) * (0.4 + 0.6 * sparse);
      this.graph.addEdgeWithKey(`${edges[at]}-${edges[at + 1]}`, String(edges[at]), String(edges[at + 1]), { size: width, a: edges[at], b: edges[at + 1] });
    }
  }

  private look(number: number, data: Record<string, unknown>): Record<string, unknown> {
    if (!this.kept[number]) return { ...data, color: colourless(), label: null, size: (data.size as number) * 0.6, zIndex: 0 };
    if (!this.marked.length) return { ...data, zIndex: 1 };
    if (this.way.has(number)) return { ...data, forceLabel: true, zIndex: 3, highlighted: this.marked.length === 1 };
    return this.near.has(number) ? { ...data, zIndex: 2 } : { ...data, color: colourless(), label: null, zIndex: 0 };
  }

  /** How an edge looks now. It is asked for every edge at every click, and the data is a copy: nothing is made here. */
  private tie(data: Tie): Tie {
    if (!this.kept[data.a] || !this.kept[data.b]) data.hidden = true;
    else if (this.marked.length) {
      const touches = this.marked.length === 1 && (data.a === this.marked[0] || data.b === this.marked[0]);
      data.color = cached(touches ? "accent" : "edge");
      data.hidden = !touches && this.map.points.length > 2000;
    }
    return data;
  }

  private hover(context: CanvasRenderingContext2D, data: { label: string | null; x: number; y: number; size: number }, font: string): void {
    if (!data.label) return;
    context.font = `600 13px ${font}`;
    const width = context.measureText(data.label).width;
    context.fillStyle = cached("card");
    context.strokeStyle = cached("line");
    context.beginPath();
    context.roundRect(data.x + data.size + 2, data.y - 12, width + 14, 24, 6);
    context.fill();
    context.stroke();
    context.fillStyle = cached("ink");
    context.fillText(data.label, data.x + data.size + 9, data.y + 4.5);
  }

  /** The words on the map, and the edges of a combination: solid where seeds say so, dashed where implied. */
  private overlay(): void {
    const { sigma } = this;
    if (!sigma) return;
    const place = (number: number) => sigma.graphToViewport(this.map.points[number] as Point);
    const context = sigma.getCanvases().labels?.getContext("2d");
    if (context) this.labels.draw(context, this.names(sigma), this.canvas.clientWidth, cached("ink"), cached("card"));
    const lines = this.marked.length > 1 ? this.ties(this.marked) : [];
    this.over.replaceChildren(
      ...lines.map(([a, b, solid]) => {
        const line = document.createElementNS(SVG, "line");
        const [from, to] = [place(a), place(b)];
        for (const [name, value] of Object.entries({ x1: from.x, y1: from.y, x2: to.x, y2: to.y })) line.setAttribute(name, String(value));
        line.setAttribute("class", solid ? "explicit" : "implicit");
        return line;
      }),
    );
  }

  /** Names of the largest fields and where they stand. */
  private names(sigma: Sigma): { text: string; x: number; y: number }[] {
    const most = this.canvas.clientWidth < 600 ? NAMED / 2 : NAMED;
    const fields = this.marked.length ? [] : this.map.fields.slice(0, most);
    return fields.map((field) => ({
      text: clean(field.name.split(", ")[0] ?? field.name),
      ...sigma.graphToViewport(this.middles[field.number] ?? { x: 0, y: 0 }),
    }));
  }

  /** Every two points of a combination: their edge, or the path that implies it. */
  private ties(points: number[]): [number, number, boolean][] {
    return points.flatMap((a, place) =>
      points.slice(place + 1).flatMap((b): [number, number, boolean][] => {
        const way = shortest(this.neighbours, a, b);
        if (way.length === 2) return [[a, b, true]];
        const steps = way.slice(1).map((next, at): [number, number, boolean] => [way[at] as number, next, true]);
        return [[a, b, false], ...steps];
      }),
    );
  }

  private zooms(): HTMLElement {
    const zoom = (sign: string, label: string, how: () => void) => el("button", { type: "button", "aria-label": label, onclick: how }, sign);
    return el(
      "div.zooms",
      {},
      zoom("+", "Closer", () => void this.sigma?.getCamera().animatedZoom()),
      zoom("\u2212", "Further away", () => void this.sigma?.getCamera().animatedUnzoom()),
      zoom("\u25a1", "All of it", () => void this.sigma?.getCamera().animatedReset()),
    );
  }

  private controls(): HTMLElement[] {
    const pick = (name: "field" | "relation" | "pairs" | "dear", label: string, options: [string, string][]) => {
      const made = el("select", { onchange: () => this.picked({ [name]: made.value }) }, el("option", { value: "" }, "any"), ...options.map(([value, text]) => el("option", { value }, text)));
      this.picks[name] = made;
      return el("label", {}, label, made);
    };
    const relations = [...new Set(this.map.points.flatMap((point) => point.relations))].sort();
    const range = el("input", { type: "range", min: 0, max: 100, step: 5, value: 0, oninput: () => this.picked({ least: this.least() }) });
    this.picks.least = range;
    const list = el("datalist", { id: "points" }, ...this.map.points.slice(0, 5000).map((point) => el("option", { value: point.name })));
    const search = el("input", { type: "search", list: "points", placeholder: "name of a point" });
    search.addEventListener("change", () => this.find(search.value));
    return [
      el("label.search", {}, "Search", search, list),
      pick("field", "Field", this.map.fields.map((field) => [String(field.number), field.name])),
      pick("relation", "Relation", relations.map((name) => [name, name.replace("_", "-")])),
      pick("pairs", "Coverage", [["none", "in no pair yet"], ["some", "in a pair"], ["many", "in five pairs or more"]]),
      pick("dear", "Cost", [["dear", "dearest quarter by tokens per pair"], ["cheap", "all others with pairs"]]),
      el("label", {}, "Pass rate at least", range),
    ];
  }

  private find(text: string): void {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return this.go([]);
    const exact = this.map.points.findIndex((point) => point.name.toLowerCase() === wanted);
    const found = exact >= 0 ? exact : this.map.points.findIndex((point) => point.name.toLowerCase().includes(wanted));
    if (found >= 0) this.go([found]);
    else this.panel.replaceChildren(el("p.reading", {}, "No point has such a name."));
  }

  /** A filter was set by hand: the address says so. */
  private picked(change: Partial<Limits>): void {
    this.limit(change);
    const marked = this.marked.length ? `/${this.marked.join("-")}` : "";
    window.history.replaceState(null, "", `#map${marked}${this.query()}`);
  }

  private least(): number {
    return Number(this.picks.least?.value ?? 0) / 100;
  }

  private limit(change: Partial<Limits>): void {
    Object.assign(this.limits, change);
    const { field, relation, least, pairs, dear } = this.limits;
    this.kept = this.map.points.map(
      (point) =>
        (!field || String(point.field) === field) &&
        (!relation || point.relations.includes(relation)) &&
        (!least || (point.passed ?? 0) >= least) &&
        (!pairs || (pairs === "none" ? !point.pairs : point.pairs >= (pairs === "many" ? 5 : 1))) &&
        (!dear || (point.tokens !== null && point.tokens >= this.dear === (dear === "dear"))),
    );
    this.sigma?.refresh({ skipIndexation: true });
    if (!this.marked.length) this.panel.replaceChildren(...this.told.welcome(this.kept));
  }
}

/** Where the name of each field stands: in the middle of its points. */
function middles(map: KnowledgeMap): { x: number; y: number }[] {
  const sums = map.fields.map(() => ({ x: 0, y: 0, points: 0 }));
  for (const point of map.points) {
    const sum = sums[point.field];
    if (!sum) continue;
    sum.x += point.x;
    sum.y += point.y;
    sum.points += 1;
  }
  return sums.map(({ x, y, points }) => ({ x: x / Math.max(1, points), y: y / Math.max(1, points) }));
}

const found = new Map<string, string>();

/** A colour of the theme, looked up once. */
function cached(name: string): string {
  const known = found.get(name) ?? colour(name);
  found.set(name, known);
  return known;
}

function colourless(): string {
  return cached("faint");
}

/** Forget the colours: the theme has changed. */
export function repaint(): void {
  found.clear();
}
