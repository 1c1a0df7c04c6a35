// Two runs side by side.

import { part, type Figure, type Sample } from "./data";
import { el, table } from "./dom";
import { count, figure } from "./numbers";
import { answered, said, words } from "./words";

export async function compare(): Promise<HTMLElement> {
  const told = await part("compare");
  const [one, other] = told.names;
  const value = (entry: Figure | null) => (entry ? figure(entry.value, entry.unit) : "\u2013");
  return el(
    "section",
    { "aria-label": "Two runs compared" },
    el("h1", {}, "Two runs compared"),
    el("p.lead", {}, `A is ${one}, B is ${other}. The other parts of this report show A.`),
    el(
      "div.columns",
      {},
      listed("Figures", ["figure", "A", "B"], told.figures.map(([a, b]) => [(a ?? b)?.label ?? "", value(a), value(b)])),
      listed("From seeds to pairs: what each stage let through", ["stage", "A", "B"], told.funnel.map(([stage, a, b]) => [stage, a === null ? "\u2013" : count(a), b === null ? "\u2013" : count(b)])),
      listed("What they share", ["what", "A", "B", "both"], told.overlaps.map(([name, a, b, both]) => [name, count(a), count(b), count(both)])),
      listed("Settings that differ", ["setting", "A", "B"], told.settings.length ? told.settings : [["none", "", ""]], true),
    ),
    el("h2", {}, "Side by side"),
    el("p.reading", {}, told.together.length ? "Problems on the same combinations of points, from both runs." : "No combination has a problem in both runs."),
    ...told.together.map((pair) =>
      el("section.card.pair", {}, el("h3", {}, said(`${pair.names.join(" + ")} (${pair.relation.replace("_", "-")})`)), el("div.columns", {}, sample("A", pair.one), sample("B", pair.other))),
    ),
  );
}

function sample(name: string, told: Sample): HTMLElement {
  return el(
    "article",
    {},
    el("h4", {}, `${name}: ${told.outcome === "pair" ? "accepted" : `rejected at ${told.outcome}`}`),
    words(told.problem),
    told.solution === undefined ? null : el("details", {}, el("summary", {}, "Solution", ...(told.answer === undefined ? [] : [", answer ", answered(told.answer)])), words(told.solution)),
  );
}

function listed(title: string, head: string[], rows: string[][], stacked?: boolean): HTMLElement {
  return el("section.card", {}, el("h2", {}, title), el("div.scroll", { tabindex: "0", role: "region", "aria-label": title }, table(head, rows, stacked)));
}
