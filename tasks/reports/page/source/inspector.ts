// Every pair and reject: a list to filter and search, and one item with all that led to it.

import { part, type Item, type Items } from "./data";
import { el, save, table } from "./dom";
import { history, outcome } from "./history";
import { question } from "./question";
import { reasons } from "./reasons";
import { Marks, type Label } from "./marks";
import { count, counted, share } from "./numbers";
import { answered, said, words } from "./words";

const ROW = 84;
const REJECTS = "rejected";
const KEYS: Record<string, Label> = { g: "good", b: "bad", u: "unsure" };
const SIGNS: Record<string, string> = { pair: "\u2713", good: "\u2713", bad: "\u2717", unsure: "?" };

export class Inspector {
  readonly view = el("section.inspector", { "aria-label": "Pairs and rejects" });
  private readonly list = el("div.list", { role: "listbox", tabindex: "0", "aria-label": "Items" });
  private readonly detail = el("article.item", { tabindex: "-1" });
  private readonly told = el("p.reading", { role: "status" });
  private readonly filters: Record<string, HTMLSelectElement | HTMLInputElement> = {};
  private haystack: string[] = [];
  private shown: Item[] = [];
  private at = -1;
  /** Whether the item that is open was asked for, and not only the first one. */
  private chosen = false;

  static async make(): Promise<Inspector> {
    const [items, overview, map] = await Promise.all([part("items"), part("overview"), part("map")]);
    return new Inspector(items, new Marks(`gsdp-marks:${overview.workspace}:${overview.name}`), map, Object.fromEntries(overview.thresholds));
  }

  private constructor(
    private readonly content: Items,
    private readonly marks: Marks,
    private readonly map: Awaited<ReturnType<typeof part<"map">>>,
    private readonly thresholds: Record<string, string>,
  ) {
    this.list.addEventListener("scroll", () => this.draw());
    this.list.addEventListener("click", (event) => this.choose(event));
    const exported = el("button", { type: "button", onclick: () => this.export() }, "Export marks");
    this.view.append(
      el("div.tools", {}, ...this.controls(), exported),
      this.told,
      el("div.panes", {}, this.list, this.detail),
      this.rows(),
    );
    this.filter();
    new ResizeObserver(() => this.draw()).observe(this.list);
  }

  /** Show what a permalink names: an item, or a selection of items. */
  show(id: string | null, chosen: URLSearchParams): void {
    const given = [...chosen.keys()].length > 0;
    if (!given && !id && this.wanted().toString()) return this.address();
    if (given || (id && !this.shown.some((item) => item.id === id))) {
      for (const [name, control] of Object.entries(this.filters)) control.value = chosen.get(name) ?? "";
      this.filter();
    }
    const place = id ? this.shown.findIndex((item) => item.id.startsWith(id)) : -1;
    if (place >= 0) this.open(place);
    else if (id) this.told.textContent = `${id} is not among the items here: gsdp explain tells of any problem in the store.`;
  }

  /** What a key does. Letters in a field are letters. */
  key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    const step = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const listed = event.key.length === 1 || this.list.contains(target);
    if (step && listed) this.open(Math.min(this.shown.length - 1, Math.max(0, this.at + step)));
    else if (event.key in KEYS && this.at >= 0) this.mark(KEYS[event.key] as Label);
    else if (event.key === "/") this.filters.text?.focus();
    else return;
    event.preventDefault();
  }

  private controls(): HTMLElement[] {
    const { items } = this.content;
    const distinct = (pick: (item: Item) => string | undefined) =>
      [...new Set(items.map(pick).filter((value): value is string => value !== undefined))].sort();
    const outcomes = distinct((item) => item.outcome);
    const levels = distinct((item) => item.level);
    return [
      this.select("outcome", "Outcome", [...outcomes.map((value): [string, string] => [value, value === "pair" ? "accepted pairs" : `rejected at ${value}`]), [REJECTS, "all rejects"]]),
      this.select("reason", "Reason", distinct((item) => item.reason).map((value) => [value, value])),
      this.select("relation", "Relation", distinct((item) => item.relation).map((value) => [value, value.replace("_", "-")])),
      this.select("field", "Field", this.map.fields.map((field) => [String(field.number), field.name])),
      this.select("rated", "Rated", ["easy", "medium", "hard"].map((value) => [value, value])),
      this.select("measured", "Measured", ["easy", "medium", "hard"].map((value) => [value, value])),
      this.select("tier", "Agreement", distinct((item) => item.tier).map((value) => [value, value])),
      ...(levels.length ? [this.select("level", "Level", levels.map((value) => [value, value]))] : []),
      this.select("mark", "Mark", ["good", "bad", "unsure", "note alone", "none"].map((value) => [value, value])),
      this.search(),
    ];
  }

  private select(name: string, label: string, options: [string, string][]): HTMLElement {
    const made = el("select", { onchange: () => this.changed() }, el("option", { value: "" }, "any"), ...options.map(([value, text]) => el("option", { value }, text)));
    this.filters[name] = made;
    return el("label", {}, label, made);
  }

  private search(): HTMLElement {
    let wait = 0;
    const later = () => {
      clearTimeout(wait);
      wait = setTimeout(() => this.changed(), 120);
    };
    const made = el("input", { type: "search", placeholder: "words in the text, or an id", oninput: later });
    made.addEventListener("keydown", (event) => {
      if (!["Enter", "ArrowDown", "Escape"].includes(event.key)) return;
      event.preventDefault();
      clearTimeout(wait);
      this.changed();
      if (event.key !== "Escape" && this.shown.length) this.open(0);
      this.list.focus();
    });
    this.filters.text = made;
    return el("label.search", {}, "Search (Enter: first hit, Esc: leave)", made);
  }

  /** A filter was set by hand: the address says so, and can be passed on. */
  private changed(): void {
    this.filter();
    this.address();
  }

  private wanted(): URLSearchParams {
    return new URLSearchParams(Object.entries(this.filters).flatMap(([name, control]) => (control.value ? [[name, control.value]] : [])));
  }

  private address(): void {
    const item = this.shown[this.at];
    const wanted = this.wanted().toString();
    window.history.replaceState(null, "", `#${item && this.chosen ? item.id : "items"}${wanted && `?${wanted}`}`);
  }

  private filter(): void {
    const wanted = Object.fromEntries(Object.entries(this.filters).map(([name, control]) => [name, control.value]));
    const terms = (wanted.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const former = this.shown[this.at];
    if (terms.length && !this.haystack.length) this.haystack = this.content.items.map(searched);
    this.shown = this.content.items.filter(
      (item, place) =>
        (!wanted.outcome || item.outcome === wanted.outcome || (wanted.outcome === REJECTS && item.outcome !== "pair")) &&
        (!wanted.reason || item.reason === wanted.reason) &&
        (!wanted.relation || item.relation === wanted.relation) &&
        (!wanted.rated || item.rated === wanted.rated) &&
        (!wanted.measured || item.measured === wanted.measured) &&
        (!wanted.tier || item.tier === wanted.tier) &&
        (!wanted.level || item.level === wanted.level) &&
        (!wanted.mark || this.marked(item) === wanted.mark) &&
        (!wanted.field || item.points?.some((point) => String(this.map.points[point]?.field) === wanted.field)) &&
        terms.every((term) => this.haystack[place]?.includes(term)),
    );
    const { items, of } = this.content;
    const sample = items.length < of ? ` of a stratified sample of ${count(items.length)} out of ${count(of)}` : ` of ${count(of)}`;
    this.told.textContent = `${counted(this.shown.length, "item")}${sample}. Keys, outside the search box: j and k to step, g, b and u to mark, / to search.`;
    this.list.scrollTop = 0;
    this.at = former ? this.shown.indexOf(former) : -1;
    if (this.at < 0 && this.shown.length) this.open(0, false);
    else this.draw();
    if (!this.shown.length) this.detail.replaceChildren(el("p.reading", {}, "Nothing fits these filters."));
  }

  private marked(item: Item): string {
    const mark = this.marks.get(item.id);
    return mark ? mark.label || "note alone" : "none";
  }

  /** The rows of the list that can be seen. */
  private draw(): void {
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - 5);
    const rows = this.shown.slice(first, first + Math.ceil(this.list.clientHeight / ROW) + 10).map((item, offset) => this.row(item, first + offset));
    const space = el("div.space", { "aria-hidden": "true" });
    space.style.height = `${this.shown.length * ROW}px`;
    this.list.replaceChildren(space, ...rows);
    if (this.at >= first && this.at < first + rows.length) this.list.setAttribute("aria-activedescendant", `row-${this.at}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  private row(item: Item, place: number): HTMLElement {
    const mark = this.marked(item);
    const row = el(
      "div.row",
      { role: "option", id: `row-${place}`, "data-place": place, "aria-selected": String(place === this.at), "aria-setsize": this.shown.length, "aria-posinset": place + 1 },
      el(`span.sign.${item.outcome === "pair" ? "good" : "bad"}` as "span.sign", { title: outcome(item) }, SIGNS[item.outcome] ?? "\u2717"),
      el("span.line", {}, ...item.names.flatMap((name, at) => [at ? " + " : "", said(name.slice(0, 120))])),
      el("span.under", {}, said(question(item.problem))),
      el("span.under", {}, [item.relation.replace("_", "-"), item.rated, item.outcome === "pair" ? null : item.reason, mark !== "none" && (mark === "note alone" ? mark : `marked ${mark}`)].filter(Boolean).join(" \u00b7 ")),
    );
    row.style.top = `${place * ROW}px`;
    return row;
  }

  private choose(event: MouseEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>(".row");
    if (row) this.open(Number(row.dataset.place));
  }

  private open(place: number, address = true): void {
    const item = this.shown[place];
    if (!item) return;
    this.at = place;
    this.chosen = address;
    if (address) this.address();
    if (place * ROW < this.list.scrollTop) this.list.scrollTop = place * ROW;
    if ((place + 1) * ROW > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = (place + 1) * ROW - this.list.clientHeight;
    this.detail.replaceChildren(...this.page(item));
    this.detail.scrollTop = 0;
    this.draw();
  }

  private page(item: Item): HTMLElement[] {
    const texts = (raw: boolean) => [
      el("h3", {}, "Problem"),
      raw ? el("pre.raw", {}, item.problem) : words(item.problem),
      ...(item.solution === undefined ? [] : [el("h3", {}, solutionTitle(item)), raw ? el("pre.raw", {}, item.solution) : words(item.solution)]),
      ...(item.answer === undefined ? [] : [el("h3", {}, "Answer"), raw ? el("pre.raw", {}, item.answer) : el("div.words", {}, answered(item.answer))]),
    ];
    const body = el("div.texts", {}, ...texts(false));
    const raw = el("button.quiet", { type: "button", "aria-pressed": "false" }, "as written");
    raw.addEventListener("click", () => {
      const pressed = raw.getAttribute("aria-pressed") !== "true";
      raw.setAttribute("aria-pressed", String(pressed));
      body.replaceChildren(...texts(pressed));
    });
    return [
      el(
        "header",
        {},
        el(`span.badge.${item.outcome === "pair" ? "good" : "bad"}` as "span.badge", {}, `${SIGNS[item.outcome] ?? "\u2717"} ${outcome(item)}`),
        el("a.id", { href: `#${item.id}`, title: "Link to this item" }, item.id.slice(0, 8)),
        raw,
      ),
      ...(item.outcome === "pair" ? [] : [reasons(item, this.thresholds)]),
      body,
      this.marking(item),
      ...near(item),
      el("h3", {}, "From seeds to verdict"),
      history(item, this.map, this.thresholds, this.content.benchmarks),
    ];
  }

  private marking(item: Item): HTMLElement {
    const mark = this.marks.get(item.id);
    const buttons = (["good", "bad", "unsure"] as Label[]).map((label) =>
      el(
        `button.mark.${label}` as "button.mark",
        { type: "button", "aria-pressed": String(mark?.label === label), onclick: () => this.mark(label) },
        `${SIGNS[label]} ${label}`,
      ),
    );
    const note = el("input", { type: "text", value: mark?.note ?? "", placeholder: "a note", "aria-label": "Note" });
    // At every letter: a list that is drawn when the field is left would take the click that left it.
    note.addEventListener("input", () => {
      this.marks.annotate(item.id, note.value);
      this.draw();
    });
    const hint = el("span.under", { role: "status" });
    const advise = () => (hint.textContent = this.marked(item) === "note alone" ? "A note alone is kept here and not exported: press good or bad as well." : "");
    advise();
    note.addEventListener("input", advise);
    return el("div.marking", { role: "group", "aria-label": "Your mark" }, ...buttons, note, hint);
  }

  private mark(label: Label): void {
    const item = this.shown[this.at];
    if (!item) return;
    this.marks.set(item.id, label, this.marks.get(item.id)?.note ?? "");
    this.detail.querySelector(".marking")?.replaceWith(this.marking(item));
    this.draw();
  }

  private export(): void {
    const { decided, open } = this.marks.sizes(this.content.items);
    const left = open ? ` ${counted(open, "item")} with a note alone or marked unsure ${open === 1 ? "is" : "are"} left out: the audit takes good and bad alone (filter Mark finds them).` : "";
    if (!decided) {
      this.told.textContent = `Nothing is marked good or bad yet, so there is nothing to save.${left}`;
      return;
    }
    save("labelled.jsonl", this.marks.lines(this.content.items), "application/x-ndjson");
    this.told.textContent = `${counted(decided, "mark")} saved as labelled.jsonl. Send it to whoever has the workspace: gsdp audit judges WORKSPACE labelled.jsonl measures the judges by it.${left}`;
  }

  /** What was kept out before there was a problem: rows of files, seeds without points, names. */
  private rows(): HTMLElement {
    const { rows } = this.content;
    if (!rows.length) return el("div", { hidden: true });
    return el(
      "details.card",
      { id: "early" },
      el("summary", {}, `Kept out before there was a problem (rows, seeds and names): ${count(rows.length)}`),
      table(["stage", "reason", "what", "where"], rows),
    );
  }

  /** Open the list of what was kept out early. */
  early(): void {
    const list = this.view.querySelector<HTMLDetailsElement>("#early");
    if (!list) return;
    list.open = true;
    list.scrollIntoView();
  }
}

/** The text of an item that a search looks through. Made when it is first searched: opening need not wait for it. */
function searched(item: Item): string {
  return `${item.id} ${item.problem} ${item.solution ?? ""} ${item.names.join(" ")}`.toLowerCase();
}

/** Whose solution is shown. */
function solutionTitle(item: Item): string {
  if (item.shown === undefined) return "Solution";
  if (item.outcome === "pair") return `Solution ${item.shown}, the one that was chosen`;
  return `Solution ${item.shown}, ${item.grades?.length ? "one that the judges read" : "the first; none was chosen"}`;
}

/** The seed that shares most of its words. */
function near(item: Item): HTMLElement[] {
  if (!item.nearest) return [];
  const [where, similarity, text] = item.nearest;
  return [el("h3", {}, "Nearest seed"), el("p.under", {}, `${where}: ${share(similarity)} of the runs of 3 words in either are in both`), words(text)];
}
