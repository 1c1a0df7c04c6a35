// The first screen: figures, the funnel with its reasons, what stands out, and what more would take.

import { part, type Overview } from "./data";
import { el, prose, table } from "./dom";
import { count, figure, share } from "./numbers";

export async function overview(): Promise<HTMLElement> {
  const told = await part("overview");
  return el(
    "section",
    { "aria-labelledby": "overview-title" },
    el("h1", { id: "overview-title" }, told.name),
    el("p.about", {}, told.about),
    el("p.lead", {}, [`Run in ${told.workspace}`, told.state, `begun ${told.started.replace("T", " ")} UTC.`].filter(Boolean).join(", ")),
    told.rehearsal &&
      el("p.rehearsal", { role: "note" }, "\u26a0 A rehearsal: its texts were written by the bundled sandbox, which is no model."),
    el("dl.figures", {}, ...told.figures.map((one) => tile(one.label, figure(one.value, one.unit), prose(one.note)))),
    el(
      "div.columns",
      {},
      el("div.pile", {}, funnel(told), listed("Thresholds", ["setting", "value"], told.thresholds), listed("Models", ["role", "model"], told.models)),
      el("div.pile", {}, good(told), standing(told)),
    ),
  );
}

function tile(label: string, value: string, note: (Node | string)[]): HTMLElement {
  return el("div.figure", {}, el("dt", {}, label), el("dd", {}, el("strong", {}, value), el("span", {}, ...note)));
}

function funnel(told: Overview): HTMLElement {
  const widest = Math.max(1, ...told.funnel.map(([, before]) => before));
  const rows = told.funnel.map(([stage, before, after]) => {
    const reasons = told.rejected.filter(([where]) => where === stage.split(" ")[0] || (stage === "grade" && where === "solve"));
    const merged = stage.startsWith("connect") && told.merged ? el("li", {}, el("span.reason.plainly", {}, "merged ", el("b", {}, count(told.merged))), el("span.under", {}, "names that mean what another one means: its point has them")) : null;
    const bar = el("div.bar", { "aria-hidden": "true" });
    const whole = el("span.lost");
    const kept = el("span.kept");
    whole.style.width = `${(100 * before) / widest}%`;
    kept.style.width = `${(100 * Math.min(after, before)) / widest}%`;
    bar.append(whole, kept);
    return el(
      "li",
      {},
      el("div.stage", {}, el("b", {}, stage), el("span", {}, `${count(before)} \u2192 ${count(after)}`, before ? el("i", {}, share(after / before)) : null)),
      bar,
      reasons.length || merged ? el("ul.reasons", {}, ...reasons.map((row) => reason(row, told.meanings)), merged) : null,
    );
  });
  return el(
    "section.card",
    { "aria-labelledby": "funnel-title" },
    el("h2", { id: "funnel-title" }, "From seeds to pairs"),
    el("p.reading", {}, "What went into each stage and what came out. A reason opens the items it kept out."),
    el("ol.funnel", {}, ...rows),
  );
}

function reason([stage, why, items]: [string, string, number], meanings: Record<string, string>): HTMLElement {
  const where = new URLSearchParams({ outcome: stage, reason: why });
  const name: [string, HTMLElement] = [`${why} `, el("b", {}, count(items))];
  // An answer that could not be read made no problem that could be shown.
  const chip = stage === "compose" || stage === "solve" ? el("span.reason", {}, ...name) : el("a.reason", { href: `#items?${where}` }, ...name);
  const meaning = meanings[`${stage}: ${why}`];
  return el("li", {}, chip, meaning ? el("span.under", {}, ...prose(` ${meaning}`)) : null);
}

/** Sentences, each with what it opens. */
function remarks(lines: [string, string][]): HTMLElement {
  return el("ul.lines", {}, ...lines.map(([text, link]) => el("li", {}, ...(link.startsWith("#") ? [el("a.remark-link", { href: link }, ...prose(text))] : prose(text)))));
}

function good(told: Overview): HTMLElement {
  return el("section.card", { "aria-labelledby": "good-title" }, el("h2", { id: "good-title" }, "How good the pairs are"), remarks(told.quality));
}

function standing(told: Overview): HTMLElement {
  const list = (lines: string[]) => el("ul.lines", {}, ...lines.map((line) => el("li", {}, ...prose(line))));
  return el(
    "section.card",
    { "aria-labelledby": "noticed-title" },
    el("h2", { id: "noticed-title" }, "What stands out"),
    remarks(told.noticed),
    told.more.length ? el("h2", {}, "For ten times as many pairs") : null,
    told.more.length ? list(told.more) : null,
    el("h2", {}, "Counts"),
    el("p.reading", {}, ...prose("All that is in the store under the latest settings, as `gsdp status` counts it; the funnel ends at the dataset\u2019s last pair."), told.ahead ? ` ${told.ahead}` : ""),
    el("dl.counts", {}, ...told.counts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, count(value))))),
  );
}

function listed(title: string, head: string[], rows: string[][]): HTMLElement {
  return el("section.card", {}, el("h2", {}, title), table(head, rows));
}
