// How two points are joined.

/** The points along a shortest path of at most `most` edges; empty when there is none. */
export function shortest(neighbours: number[][], start: number, end: number, most = 6): number[] {
  const before = new Map<number, number>([[start, -1]]);
  let layer = [start];
  for (let step = 0; step < most && layer.length && !before.has(end); step++) {
    const next: number[] = [];
    for (const node of layer) {
      for (const other of neighbours[node] ?? []) {
        if (!before.has(other)) {
          before.set(other, node);
          next.push(other);
        }
      }
    }
    layer = next;
  }
  if (!before.has(end)) return [];
  const path = [end];
  for (let at = before.get(end) ?? -1; at >= 0; at = before.get(at) ?? -1) path.unshift(at);
  return path;
}
