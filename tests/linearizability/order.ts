/**
 * @module What must have come before what, whichever sequence explains a history: an operation that ended before another was
 * called; a write before those that read its value; and, where a read saw the value of one write, another write of that key
 * either before that one or after the read. What follows from one thing often decides the next, until nothing is added.
 *
 * It spares the search most of its wrong turns. It only says what is necessary: what cannot be is left for the search to find.
 */

/** Numbers are indexes of operations. */
export interface Facts {
  /** `writers`: those of which one has left what was read; undefined: it was there before all of them. */
  readonly reads: readonly Read[];
  /** Those that have happened and changed the key, or left it as it was when it held that already. */
  readonly writes: readonly Write[];
  /** First and second. Both have happened. */
  readonly pairs: readonly (readonly [number, number])[];
}

interface Write {
  readonly by: number;
  readonly key: number;
}

export interface Read extends Write {
  readonly writers: readonly (number | undefined)[];
}

interface Interval {
  readonly called: number;
  readonly ended: number;
}

/** @returns for each operation those that must have come before it */
export function necessaryOrder(operations: readonly Interval[], { reads, writes, pairs }: Facts): number[][] {
  const order = new Order(operations.length);
  for (const [i, { ended }] of operations.entries())
    for (const [j, { called }] of operations.entries()) if (ended < called) order.know(i, j);
  for (const [first, second] of pairs) order.add(first, second);
  const open = reads.map((read) => ({ ...read, writers: read.writers.filter((one) => one !== read.by) }));
  for (let added = true; added;) {
    added = false;
    for (const read of open) added = follow(order, read, writes) || added;
  }
  return operations.map((_, second) =>
    operations.flatMap((__, first) => (order.has(first, second) ? [first] : [])),
  );
}

/** @returns whether anything was added */
function follow(
  order: Order,
  read: { -readonly [K in keyof Read]: Read[K] },
  writes: Facts['writes'],
): boolean {
  const others = writes.filter(({ key, by }) => key === read.key && by !== read.by).map(({ by }) => by);
  // Nobody has read what comes later, or what was written over before.
  read.writers = read.writers.filter(
    (writer) =>
      (writer === undefined || !order.has(read.by, writer)) &&
      !others.some(
        (other) =>
          other !== writer && order.has(other, read.by) && (writer === undefined || order.has(writer, other)),
      ),
  );
  if (read.writers.length !== 1) return false;
  const [writer] = read.writers;
  let added = writer !== undefined && order.add(writer, read.by);
  for (const other of others) {
    if (other === writer) continue;
    if (writer === undefined || order.has(writer, other)) added = order.add(read.by, other) || added;
    else if (order.has(other, read.by)) added = order.add(other, writer) || added;
  }
  return added;
}

/** A relation that is closed: first before second and second before third is first before third. */
class Order {
  readonly #after: readonly Uint8Array[];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
    this.#after = Array.from({ length: size }, () => new Uint8Array(size));
  }

  has(first: number, second: number): boolean {
    return this.#after[first]?.[second] === 1;
  }

  /** One of a relation that is closed already, before anything else is added. */
  know(first: number, second: number): void {
    (this.#after[first] as Uint8Array)[second] = 1;
  }

  /** @returns whether it is new */
  add(first: number, second: number): boolean {
    if (this.has(first, second) || first === second) return false;
    const later = this.#after[second] as Uint8Array;
    for (let i = 0; i < this.#size; i++) {
      if (i !== first && !this.has(i, first)) continue;
      const own = this.#after[i] as Uint8Array;
      own[second] = 1;
      for (let j = 0; j < this.#size; j++) if (later[j] === 1) own[j] = 1;
    }
    return true;
  }
}
