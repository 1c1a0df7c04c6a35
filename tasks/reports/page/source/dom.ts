// Elements out of code. Text goes in as text nodes alone, so nothing in it can become a tag.

export type Child = Node | string | number | null | undefined | false;

type Handlers = { [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void };
type Attributes = { [name: string]: unknown } & Handlers;

/** An element; a name like `p.note` gives it a class. Attributes that are false or null are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K | `${K}.${string}`,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag as K);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value as EventListener);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(node));
  return made;
}

/** A table. Each cell holds its column's name, for narrow screens, on which a stacked table is a list of rows. */
export function table(head: string[], rows: Child[][], stacked = head.length > 3): HTMLElement {
  const cells = (row: Child[]) => row.map((value, place) => (place ? el("td", { "data-name": head[place] }, value) : el("th", { scope: "row" }, value)));
  return el(
    `table${stacked ? ".stack" : ""}` as "table",
    {},
    el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...cells(row)))),
  );
}

function node(child: Child): Node | string {
  return child instanceof Node ? child : clean(String(child));
}

// Controls that turn the direction of text, and those that nothing shows.
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]/g;

const OPERATORS = /[\u2061-\u2064]/;

/** Text in which characters that would hide or turn other text stand as what they are; in a formula some are signs. */
export function clean(text: string, formula = false): string {
  return text.replace(HIDDEN, (sign) =>
    formula && OPERATORS.test(sign) ? sign : `\u27e8U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`,
  );
}

/** Offer text as a file. */
export function save(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A colour of the style, as the theme has it now. */
export function colour(name: string): string {
  const probe = el("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Our own sentences, in which `commands` stand in backticks. */
export function prose(text: string): (Node | string)[] {
  return text.split("`").map((piece, place) => (place % 2 ? el("code", {}, piece) : clean(piece)));
}
