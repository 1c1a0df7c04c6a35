// What stands next to the map: the legend and where to look, a point, the path of a combination.

import type { Field, Items, KnowledgeMap, Point } from "./data";
import { el } from "./dom";
import { count, counted, share } from "./numbers";
import { shortest } from "./paths";
import { question } from "./question";
import { seedsOf, shared } from "./seeds";
import { said } from "./words";

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
      el("p.reading", {}, "Pairs of problems that have a point of the field, as in the funnel; a problem may count in more than one field."),
      el("ul.legend", {}, ...fields.slice(0, COLOURS.length).map(entry), fields.length > COLOURS.length ? el("li", {}, dot(-1), el("details", {}, el("summary", {}, `${count(fields.length - COLOURS.length)} smaller`), el("ul.legend", {}, ...fields.slice(COLOURS.length).map(entry)))) : null),
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
    const links = (title: string, some: typeof here, whole: number) => [
      el("h3", {}, `${title} (${count(whole)})`),
      some.length > SHOWN || some.length < whole ? el("p.under", {}, `The first ${count(Math.min(SHOWN, some.length))} of ${count(whole)}`) : null,
      el("ul.plain", {}, ...some.slice(0, SHOWN).map((item) => el("li", {}, el("a", { href: `#${item.id}` }, said(item.names.join(" + "))), el("span.under", {}, ` ${item.relation.replace("_", "-")}${item.reason ? `, ${item.reason}` : ""} `), el("a", { href: `#map/${(item.points ?? []).filter((at) => at >= 0).join("-")}` }, "path")))),
    ];
    return [
      el("a.back", { href: "#map" }, "\u2190 the whole graph"),
      el("h2", {}, said(point.name)),
      el("p", {}, dot(point.field), field ? el("a", { href: `#map?field=${field.number}` }, field.name) : "no field"),
      el("dl.counts", {}, ...([["neighbours", count(point.degree)], ["seeds", count(point.seeds)], ["problems", count(point.problems)], ["pairs", count(point.pairs)], ["rejects", count(point.problems - point.pairs)], ["pairs of problems", point.passed === null ? "\u2013" : share(point.passed)], ["tokens per pair", point.tokens === null ? "\u2013" : count(point.tokens)]] as const).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
      el("p.reading", {}, "Problems, pairs and rejects are those up to the dataset\u2019s last pair, as in the funnel. Tokens per pair are those of all these problems, from compose to grade, by the pairs."),
      el("h3", {}, "Seeds"),
      seedsOf(this.map, point.from, point.seeds),
      el("h3", {}, `Neighbours (${count(point.degree)})`),
      this.list([...(this.neighbours[number] ?? [])].slice(0, SHOWN), (other) => counted(other.pairs, "pair")),
      ...links("Pairs", pairs, point.pairs),
      ...links("Rejects", rejects, point.problems - point.pairs),
    ].filter((one) => one !== null);
  }

  path(points: number[]): HTMLElement[] {
    const name = (number: number) => this.map.points[number]?.name ?? "?";
    const lines = points.flatMap((a, place) =>
      points.slice(place + 1).map((b) => {
        const way = shortest(this.neighbours, a, b);
        if (!way.length) return el("li", {}, `${name(a)} and ${name(b)}: no path joins them.`);
        const told = way.length === 2 ? "an edge: they stand together in a seed." : `implied by ${way.length - 1} edges: ${way.map(name).join(" \u2013 ")}.`;
        return el("li", {}, said(`${name(a)} and ${name(b)}: ${told}`), ...way.slice(1).map((next, at) => this.edge(way[at] as number, next)));
      }),
    );
    const same = this.items.items.filter((item) => item.points && points.every((point) => item.points?.includes(point)) && item.points.length === points.length);
    const good = same.filter((item) => item.outcome === "pair").length;
    return [
      el("a.back", { href: "#map" }, "\u2190 the whole graph"),
      el("h2", {}, "A combination"),
      this.list(points, (point) => counted(point.pairs, "pair")),
      el("p.keys", {}, el("span.solid"), "explicit: an edge of the graph ", el("span.dashed"), "implicit: no seed has both"),
      el("ul.lines", {}, ...lines),
      ...(same.length ? [el("h3", {}, `${counted(same.length, "problem")} on it: ${counted(good, "pair")}, ${counted(same.length - good, "reject")}`), el("ul.plain", {}, ...same.map((item) => el("li", {}, el("a", { href: `#${item.id}` }, said(question(item.problem))), el("span.under", {}, ` ${item.outcome === "pair" ? "accepted" : item.reason}`))))] : []),
    ];
  }

  /** An edge with the seeds that say so. */
  private edge(a: number, b: number): HTMLElement {
    const seeds = shared(this.map, a, b);
    const names = [a, b].map((number) => this.map.points[number]?.name ?? "?");
    return el("div.edge", { id: `edge-${Math.min(a, b)}-${Math.max(a, b)}` }, said(names.join(" \u2013 ")), " ", seeds.length ? seedsOf(this.map, seeds, seeds.length) : el("span.under", {}, "its seeds are not among those that the report holds"));
  }

  private list(numbers: number[], told: (point: Point) => string): HTMLElement {
    return el("ul.plain", {}, ...numbers.map((number) => {
      const point = this.map.points[number] as Point;
      return el("li", {}, el("a", { href: `#map/${number}` }, said(point.name)), el("span.under", {}, ` ${told(point)}`));
    }));
  }
}

function entry(field: Field): HTMLElement {
  const told = ` ${counted(field.pairs, "pair")} of ${counted(field.problems, "problem")}`;
  return el("li", {}, dot(field.number), el("span", {}, el("a", { href: `#map?field=${field.number}`, title: "Show this field alone on the map" }, said(field.name)), el("a.under", { href: `#items?field=${field.number}` }, told)));
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
