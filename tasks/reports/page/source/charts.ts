// Charts: each is a table of numbers, drawn, explained, and there as CSV.

import uPlot from "uplot";
import { part, type Cell, type Chart } from "./data";
import { colour, el, prose, save } from "./dom";
import { cell, csv } from "./numbers";

/** The view, and what draws it again in the colours and the width there now are. */
export async function charts(): Promise<{ view: HTMLElement; draw: () => void }> {
  const told = await part("charts");
  const curves: (() => void)[] = [];
  const cards = told.map((chart) => card(chart, curves));
  const view = el("section", { "aria-label": "Charts" }, el("h1", {}, "Charts"), el("div.charts", {}, ...cards));
  return { view, draw: () => curves.forEach((curve) => curve()) };
}

function card(chart: Chart, curves: (() => void)[]): HTMLElement {
  const head = chart.columns.map((column) => column.name);
  const drawn = el("div.drawing");
  if (chart.kind === "lines" || chart.kind === "columns") curves.push(curve(chart, drawn));
  else drawn.append(chart.kind === "bars" ? bars(chart) : table(chart, chart.kind === "matrix"));
  const numbers = chart.kind === "lines" || chart.kind === "columns" ? el("details", {}, el("summary", {}, "Numbers"), table(chart, false)) : null;
  const wide = chart.columns.length > 6 || (chart.kind === "table" && chart.columns.length > 4);
  return el(
    `section.card${wide ? ".wide" : ""}` as "section.card",
    { id: `chart-${chart.name}`, "aria-labelledby": `title-${chart.name}` },
    el("h2", { id: `title-${chart.name}` }, chart.title),
    el("p.reading", {}, ...prose(chart.reading)),
    chart.kind === "lines" ? key(chart) : null,
    drawn,
    el("div.under-chart", {}, numbers, el("button.quiet", { type: "button", "aria-label": `${chart.title} as CSV`, onclick: () => save(`${chart.name}.csv`, csv(head, chart.rows), "text/csv") }, "CSV")),
  );
}

function curve(chart: Chart, into: HTMLElement): () => void {
  const [along, up] = chart.columns;
  const data = chart.columns.map((_, place) => chart.rows.map((row) => (row[place] === null ? null : Number(row[place])))) as unknown as uPlot.AlignedData;
  into.setAttribute("role", "img");
  into.setAttribute("aria-label", `${chart.title}: ${up?.name} by ${along?.name}; the numbers are below`);
  return () => {
    const width = into.clientWidth;
    if (!width) return;
    const [ink, line, accent] = [colour("quiet"), colour("line"), colour("accent")];
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const upwards = (_: uPlot, values: number[]) => values.map((value) => (up?.form === "share" ? `${Math.round(100 * value)}%` : short.format(value)));
    const timed = along?.form === "time";
    const stands = chart.kind === "columns";
    const places = (data[0] as number[]) ?? [];
    // A column begins at its number, so the axis goes on for one more.
    const step = places.length > 1 ? Math.min(...places.slice(1).map((place, at) => place - (places[at] as number))) : 1;
    const wide = (_: uPlot, low: number, high: number): [number, number] => (stands ? [low, high + step] : low === high ? [low - 1, high + 1] : [low, high]);
    into.replaceChildren();
    new uPlot(
      {
        width,
        height: 200,
        cursor: { points: { size: 6 }, drag: { x: false, y: false } },
        legend: { show: false },
        scales: { x: { time: timed, range: wide }, y: { range: (_, low, high) => [Math.min(0, low), up?.form === "share" ? Math.max(1, high) : (high || 1) * 1.05] } },
        axes: [{ ...axis, size: 32, ...(timed ? { values: clock, space: 90 } : {}) }, { ...axis, size: 52, values: upwards }],
        series: [
          {},
          {
            stroke: accent,
            fill: chart.kind === "columns" ? accent : undefined,
            width: chart.kind === "columns" ? 0 : 2,
            points: { show: false },
            paths: chart.kind === "columns" ? uPlot.paths.bars?.({ size: [0.95, Infinity], align: 1 }) : undefined,
          },
          ...chart.columns.slice(2).map((_, place) => ({ stroke: ink, width: 2, dash: DASHES[place % DASHES.length], points: { show: false } })),
        ],
      },
      data,
      into,
    );
  };
}

const LONG = 40;
const DASHES = [[8, 6], [2, 4]];

/** Which line is which, where there are several. */
function key(chart: Chart): HTMLElement | null {
  const [, first, ...others] = chart.columns;
  if (!others.length) return null;
  const named = others.map((column, place) => [el(`span.dash${place % DASHES.length}` as "span"), column.name]);
  return el("p.keys", {}, el("span.solid"), first?.name ?? "", ...named.flat());
}

/** What names a problem leads to it. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** The time of ticks, with as many digits of a second as it takes to tell them apart. */
function clock(_: uPlot, values: number[]): string[] {
  const apart = values.length > 1 ? (values[1] as number) - (values[0] as number) : 1;
  const end = apart >= 1 ? 19 : apart >= 0.1 ? 21 : 23;
  return values.map((value) => new Date(Math.round(1000 * value)).toISOString().slice(11, end));
}

function bars(chart: Chart): HTMLElement {
  const measure = chart.columns[1];
  const values = chart.rows.map((row) => Number(row[1] ?? 0));
  const widest = measure?.form === "share" ? 1 : Math.max(...values.map(Math.abs), 1e-9);
  const made = el(
    `table.bars${stacked(chart)}` as "table",
    {},
    heads(chart),
    el(
      "tbody",
      {},
      ...chart.rows.map((row, place) => {
        const fill = el("span.fill", { "aria-hidden": "true" });
        fill.style.width = `${(100 * Math.abs(values[place] ?? 0)) / widest}%`;
        const [name, , ...rest] = cells(chart, row, place);
        const value = cell(row[1] ?? null, measure?.form ?? "count");
        return el("tr", {}, name ?? null, el("td.barred", { "data-name": measure?.name }, el("span.track", {}, fill), el("b", {}, opened(value, chart.links[place]?.[1]))), ...rest);
      }),
    ),
  );
  return el(scrolled(chart), { tabindex: "0", role: "region", "aria-label": `${chart.title}, numbers` }, made);
}

function table(chart: Chart, shaded: boolean): HTMLElement {
  const numbers = chart.rows.flatMap((row) => row.slice(1)).filter((value): value is number => typeof value === "number");
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return el(
    scrolled(chart),
    { tabindex: "0", role: "region", "aria-label": `${chart.title}, numbers` },
    el(
      `table${shaded ? ".matrix" : stacked(chart)}` as "table",
      {},
      heads(chart),
      el(
        "tbody",
        {},
        ...chart.rows.map((row, at) => {
          const made = cells(chart, row, at);
          if (shaded) {
            made.forEach((one, place) => {
              const value = row[place];
              if (place && typeof value === "number") one.style.setProperty("--shade", `${Math.round((32 * (value - low)) / (high - low || 1))}%`);
            });
          }
          return el("tr", {}, ...made);
        }),
      ),
    ),
  );
}

/** Long tables scroll by themselves, on a narrow screen these alone. */
function scrolled(chart: Chart): "div.scroll" {
  return (chart.rows.length > LONG ? "div.scroll.long" : "div.scroll") as "div.scroll";
}

/** On a narrow screen a wide table is a list of rows. */
function stacked(chart: Chart): string {
  return chart.columns.length > 3 ? ".stack" : "";
}

function heads(chart: Chart): HTMLElement {
  return el("thead", {}, el("tr", {}, ...chart.columns.map((column) => el("th", { scope: "col", class: column.form === "text" ? null : "number" }, column.name))));
}

/** What a cell says, as a link where it opens something. */
function opened(text: string, link: string | null | undefined): HTMLElement | string {
  return link?.startsWith("#") && text !== "0" ? el("a", { href: link }, text) : text;
}

function cells(chart: Chart, row: Cell[], at: number): HTMLElement[] {
  return row.map((value, place) => {
    const form = chart.columns[place]?.form ?? "count";
    const text = cell(value, form);
    const told = ID.test(text) ? el("a", { href: `#${text}` }, text.slice(0, 8)) : opened(text, chart.links[at]?.[place]);
    return place === 0 && form === "text" ? el("th", { scope: "row" }, told) : el("td", { class: form === "text" ? null : "number", "data-name": chart.columns[place]?.name }, told);
  });
}
