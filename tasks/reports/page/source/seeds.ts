// Seeds by where they stand, with their texts.

import type { KnowledgeMap } from "./data";
import { el } from "./dom";
import { count, counted } from "./numbers";
import { said } from "./words";

const SHOWN = 3;

/** A line that names the first seeds, and opens to the texts of all that the report holds. */
export function seedsOf(map: KnowledgeMap, from: number[], whole: number): HTMLElement {
  const seeds = from.map((at) => map.seeds[at]).filter((seed) => seed !== undefined);
  const first = seeds.slice(0, SHOWN).map(([source, line]) => `${source}:${line}`).join(", ");
  const more = whole > SHOWN ? ` +${count(whole - SHOWN)} more` : "";
  const texts = el("ul.plain", {}, ...seeds.map(([source, line, text]) => el("li", {}, el("span.under", {}, `${source}:${line} `), said(text))));
  const rest = whole > seeds.length ? el("p.under", {}, `and ${count(whole - seeds.length)} that the report leaves out`) : null;
  return el("details.seeds", {}, el("summary", {}, `in ${counted(whole, "seed")}: ${first}${more}`), texts, rest);
}

/** The seeds that have both points, of those that the report holds. */
export function shared(map: KnowledgeMap, a: number, b: number): number[] {
  const other = new Set(map.points[b]?.from);
  return (map.points[a]?.from ?? []).filter((seed) => other.has(seed));
}
