// What stands next to the map: the legend and where to look, a point, the path of a combination.

import type { Items, KnowledgeMap, Point } from "./data";
import { el } from "./dom";
import { count, counted, share } from "./numbers";
import { shortest } from "./paths";

const COLOURS = ["#4c78a8", "#c8793f", "#54936b", "#a8577e", "#8a7a2f", "#6f63a8", "#3f8f97", "#b0574d", "#7d8b3a", "#9c6b4f", "#5f7fbf", "#b58db6"];
const OTHERS = "#8d949b";
const SHOWN = 40;
const FIRST = 6;

export class Panel {
  constructor(
    private readonly map: KnowledgeMap,
    private readonly items: Items,
    private readonly neighbours: number[][],
  ) {}

  /** The legend, and where to look. */
  welcome(kept: boolean[]): HTMLElement[] {
    const { points, fields, edges, edges_in_all: whole } = this.map;
    const shown = points.filter((_, number) => kept[number]);
    const hubs = this.first(kept, (point) => -point.degree);
    const thin = this.first(kept, (point) => point.pairs - 0.01 * point.seeds);
    const cut = edges.length / 3 < whole ? ` Drawn are the heaviest ${count(edges.length / 3)} of ${count(whole)} edges.` : "";
    return [
      el("h2", {}, "The knowledge graph"),
      el("p.reading", {}, `${count(shown.length)} of ${counted(points.length, "point")}. A point is larger the more neighbours it has; an edge joins points that stand in one seed, thicker the more seeds. The colour is the field, a community of points; words in italics name the largest fields.${cut} Pick a point to see what became of it.`),
      el("h3", {}, "Fields"),
      el("ul.legend", {}, ...fields.slice(0, COLOURS.length).map((field) => el("li", {}, dot(field.number), el("span", {}, field.name, el("span.under", {}, ` ${counted(field.pairs, "pair")} of ${counted(field.problems, "problem")}`)))), fields.length > COLOURS.length ? el("li", {}, dot(-1), `${count(fields.length - COLOURS.length)} smaller`) : null),
      el("h3", {}, "Hubs"),
      this.list(hubs, (point) => counted(point.degree, "neighbour")),
      el("h3", {}, "Thin: fewest pairs for their seeds"),
      this.list(thin, (point) => `${counted(point.seeds, "seed")}, ${counted(point.pairs, "pair")}`),
      el("h3", {}, "Components"),
      el("p.reading", {}, this.components()),
    ];
  }

  /** The first points that are shown, by a measure of which less comes first. */
  private first(kept: boolean[], measure: (point: Point) => number): number[] {
    const numbers = this.map.points.flatMap((point, number) => (kept[number] ? [{ number, by: measure(point) }] : []));
    return numbers.sort((a, b) => a.by - b.by).slice(0, FIRST).map(({ number }) => number);
  }

  private components(): string {
    const seen = new Uint8Array(this.neighbours.length);
    const sizes: number[] = [];
    for (let start = 0; start < seen.length; start++) {
      if (seen[start]) continue;
      const todo = [start];
      seen[start] = 1;
      for (let at = 0; at < todo.length; at++) {
        for (const next of this.neighbours[todo[at] as number] ?? []) {
          if (!seen[next]) {
            seen[next] = 1;
            todo.push(next);
          }
        }
      }
      sizes.push(todo.length);
    }
    const largest = Math.max(0, ...sizes);
    return `${counted(sizes.length, "component")}; the largest holds ${share(largest / Math.max(1, seen.length))} of the points. Between components there is no two- or three-hop combination: merged names, or seeds that use both, would join them.`;
  }

  about(number: number): HTMLElement[] {
    const point = this.map.points[number] as Point;
    const field = this.map.fields.find((one) => one.number === point.field);
    const here = this.items.items.filter((item) => item.points?.includes(number));
    const pairs = here.filter((item) => item.outcome === "pair");
    const rejects = here.filter((item) => item.outcome !== "pair");
    const links = (title: string, some: typeof here) => [
      el("h3", {}, `${title} (${count(some.length)})`),
      el("ul.plain", {}, ...some.slice(0, SHOWN).map((item) => el("li", {}, el("a", { href: `#${item.id}` }, item.names.join(" + ")), el("span.under", {}, ` ${item.relation.replace("_", "-")}${item.reason ? `, ${item.reason}` : ""} `), el("a", { href: `#map/${(item.points ?? []).filter((at) => at >= 0).join("-")}` }, "path")))),
    ];
    return [
      el("a.back", { href: "#map" }, "\u2190 the whole graph"),
      el("h2", {}, point.name),
      el("p", {}, dot(point.field), field ? field.name : "no field"),
      el("dl.counts", {}, ...([["neighbours", count(point.degree)], ["seeds", count(point.seeds)], ["problems", count(point.problems)], ["pairs", count(point.pairs)], ["pass rate", point.passed === null ? "\u2013" : share(point.passed)], ["tokens per pair", point.tokens === null ? "\u2013" : count(point.tokens)]] as const).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
      el("p.reading", {}, "Tokens per pair are those of all written problems with this point, from compose to grade, by its pairs."),
      el("h3", {}, "Seeds"),
      el("ul.plain", {}, ...point.from.map((at) => this.map.seeds[at]).map((seed) => seed && el("li", {}, el("span.under", {}, `${seed[0]}:${seed[1]} `), seed[2]))),
      el("h3", {}, `Neighbours (${count(point.degree)})`),
      this.list([...(this.neighbours[number] ?? [])].slice(0, SHOWN), (other) => counted(other.pairs, "pair")),
      ...links("Pairs", pairs),
      ...links("Rejects", rejects),
    ];
  }

  path(points: number[]): HTMLElement[] {
    const name = (number: number) => this.map.points[number]?.name ?? "?";
    const lines = points.flatMap((a, place) =>
      points.slice(place + 1).map((b) => {
        const way = shortest(this.neighbours, a, b);
        if (!way.length) return el("li", {}, `${name(a)} and ${name(b)}: no path joins them.`);
        const told = way.length === 2 ? "an edge: they stand together in a seed." : `implied by ${way.length - 1} edges: ${way.map(name).join(" \u2013 ")}.`;
        return el("li", {}, `${name(a)} and ${name(b)}: ${told}`);
      }),
    );
    const same = this.items.items.filter((item) => item.points && points.every((point) => item.points?.includes(point)) && item.points.length === points.length);
    return [
      el("a.back", { href: "#map" }, "\u2190 the whole graph"),
      el("h2", {}, "A combination"),
      this.list(points, (point) => counted(point.pairs, "pair")),
      el("p.keys", {}, el("span.solid"), "explicit: an edge of the graph ", el("span.dashed"), "implicit: no seed has both"),
      el("ul.lines", {}, ...lines),
      ...(same.length ? [el("h3", {}, "Problems on it"), el("ul.plain", {}, ...same.map((item) => el("li", {}, el("a", { href: `#${item.id}` }, item.problem.slice(0, 120)), el("span.under", {}, ` ${item.outcome === "pair" ? "accepted" : item.reason}`))))] : []),
    ];
  }

  private list(numbers: number[], told: (point: Point) => string): HTMLElement {
    return el("ul.plain", {}, ...numbers.map((number) => {
      const point = this.map.points[number] as Point;
      return el("li", {}, el("a", { href: `#map/${number}` }, point.name), el("span.under", {}, ` ${told(point)}`));
    }));
  }
}

/** The colour of a field. */
export function tint(field: number): string {
  return COLOURS[field] ?? OTHERS;
}

function dot(field: number): HTMLElement {
  const made = el("span.dot", { "aria-hidden": "true" });
  made.style.background = tint(field);
  return made;
}
