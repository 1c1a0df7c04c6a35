// What the report holds, as tasks/reports/page makes it, and how it is unpacked.

export type Unit = "count" | "usd" | "share" | "seconds" | "tokens" | "times";
export type Form = "text" | "count" | "share" | "decimal" | "signed" | "usd" | "seconds" | "time";
export type Cell = string | number | null;

export interface Figure {
  label: string;
  value: number | null;
  unit: Unit;
  note: string;
}

export interface Overview {
  name: string;
  workspace: string;
  version: string;
  made: string;
  state: string;
  started: string;
  target: number;
  rehearsal: boolean;
  figures: Figure[];
  counts: [string, number][];
  funnel: [string, number, number][];
  rejected: [string, string, number][];
  meanings: Record<string, string>;
  about: string;
  quality: [string, string][];
  merged: number;
  ahead: string;
  noticed: [string, string][];
  more: string[];
  models: [string, string][];
  thresholds: [string, string][];
}

export interface Point {
  name: string;
  x: number;
  y: number;
  field: number;
  degree: number;
  seeds: number;
  problems: number;
  pairs: number;
  passed: number | null;
  tokens: number | null;
  relations: string[];
  from: number[];
}

export interface Field {
  name: string;
  number: number;
  pairs: number;
  problems: number;
}

export interface KnowledgeMap {
  points: Point[];
  fields: Field[];
  edges: number[];
  edges_in_all: number;
  seeds: [string, number, string][];
}

export interface Chart {
  name: string;
  title: string;
  kind: "lines" | "columns" | "bars" | "matrix" | "table";
  reading: string;
  columns: { name: string; form: Form }[];
  rows: Cell[][];
  links: (string | null)[][];
}

export interface Item {
  id: string;
  sample: number;
  position: number;
  relation: string;
  weight: number;
  points?: number[];
  names: string[];
  outcome: string;
  reason?: string;
  detail?: string;
  score?: number;
  rated?: string;
  measured?: string;
  agreement?: number;
  vote?: string;
  asked?: number;
  spared?: number;
  classes?: number[];
  tier?: string;
  level?: string;
  tokens: number;
  usd?: number;
  problem: string;
  solution?: string;
  shown?: number;
  answer?: string;
  nearest?: [string, number, string];
  reviews?: [string, number | null, number | null, string | null, string | null, string | null][];
  solutions?: [number, string | null, boolean | null, string | null][];
  grades?: [number, string, number | null, string | null, string | null][];
  repeats?: [string, string, number][];
  evidence?: [string, string, string, number, string][];
}

export interface Items {
  items: Item[];
  of: number;
  rows: [string, string, string, string][];
  benchmarks: number;
}

export interface Comparison {
  names: [string, string];
  figures: [Figure | null, Figure | null][];
  settings: [string, string, string][];
  funnel: [string, number | null, number | null][];
  overlaps: [string, number, number, number][];
  together: { names: string[]; relation: string; one: Sample; other: Sample }[];
}

export interface Sample {
  problem: string;
  solution?: string;
  answer?: string;
  outcome: string;
}

interface Parts {
  overview: Overview;
  map: KnowledgeMap;
  charts: Chart[];
  items: Items;
  compare: Comparison;
}

const unpacked = new Map<string, Promise<unknown>>();

/** A part of the report, unpacked when it is first asked for. */
export function part<K extends keyof Parts>(name: K): Promise<Parts[K]> {
  const found = unpacked.get(name) ?? unpack(name);
  unpacked.set(name, found);
  return found as Promise<Parts[K]>;
}

export function has(name: keyof Parts): boolean {
  return document.getElementById(`part-${name}`) !== null;
}

async function unpack(name: string): Promise<unknown> {
  const block = document.getElementById(`part-${name}`) as HTMLTemplateElement;
  const letters = atob(block.content.textContent ?? "");
  // A plain loop: Uint8Array.from takes a hundred times as long for some millions of letters.
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const content: unknown = JSON.parse(await new Response(stream).text());
  block.remove();
  return content;
}
