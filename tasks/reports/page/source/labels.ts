// Words on the map: names of fields and of points, none over another. The more important one stays.

export interface Word {
  text: string;
  x: number;
  y: number;
}

/** A point that may be labelled, as sigma offers it. */
export interface Offer {
  label: string | null;
  x: number;
  y: number;
  size: number;
  forceLabel?: boolean;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const FIELD = "italic 600 14px Charter, Georgia, 'DejaVu Serif', serif";
const POINT = "12px system-ui, sans-serif";
const SHIFTS = [0, -20, 20, -40, 40];
const GAP = 3;

export class Labels {
  private offers: Offer[] = [];
  private taken: Box[] = [];

  /** A label that this frame may show. */
  offer(offer: Offer): void {
    if (offer.label) this.offers.push(offer);
  }

  /** Write the names of the fields, then the labels for which there is room, the largest points first. */
  draw(context: CanvasRenderingContext2D, fields: Word[], width: number, ink: string, halo: string): void {
    this.taken = [];
    context.save();
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = halo;
    context.fillStyle = ink;
    context.font = FIELD;
    for (const field of fields) this.name(context, field, width);
    context.font = POINT;
    for (const offer of this.offers.sort((a, b) => Number(b.forceLabel ?? false) - Number(a.forceLabel ?? false) || b.size - a.size)) this.label(context, offer, width);
    context.restore();
    this.offers = [];
  }

  private name(context: CanvasRenderingContext2D, { text, x, y }: Word, width: number): void {
    const half = context.measureText(text).width / 2;
    if (x < 0 || x > width) return;
    const left = Math.max(GAP, Math.min(width - GAP - 2 * half, x - half));
    const shift = SHIFTS.find((by) => this.take({ left, top: y + by - 9, right: left + 2 * half, bottom: y + by + 9 }));
    if (shift !== undefined) write(context, text, left, y + shift + 5);
  }

  /** To the right of the point, or to its left where the map ends. */
  private label(context: CanvasRenderingContext2D, { label, x, y, size }: Offer, width: number): void {
    const text = label ?? "";
    const long = context.measureText(text).width;
    const right = x + size + GAP;
    const left = right + long > width ? x - size - GAP - long : right;
    if (this.take({ left, top: y - 8, right: left + long, bottom: y + 8 })) write(context, text, left, y + 4);
  }

  private take(box: Box): boolean {
    const free = this.taken.every((other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom);
    if (free) this.taken.push(box);
    return free;
  }
}

function write(context: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}
