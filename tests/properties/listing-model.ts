/**
 * @module What a listing must return, computed in the plainest way there is.
 */

export interface ListQuery {
  prefix: string;
  /** empty: none */
  delimiter: string;
  /** only what sorts after it; empty: from the start */
  after: string;
}

export interface ListEntry {
  kind: 'key' | 'prefix';
  name: string;
}

/** By UTF-8 bytes: JavaScript's own order of strings is that of UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Every entry in order; a group of keys is one entry, which a marker that lies in it has passed. */
export function listModel(keys: Iterable<string>, { prefix, delimiter, after }: ListQuery): ListEntry[] {
  const entries = new Map<string, ListEntry>();
  for (const key of [...keys].sort(compareUtf8)) {
    if (!key.startsWith(prefix)) continue;
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const entry: ListEntry =
      at < 0 ? { kind: 'key', name: key } : { kind: 'prefix', name: key.slice(0, at + delimiter.length) };
    if (compareUtf8(entry.name, after) > 0) entries.set(`${entry.kind} ${entry.name}`, entry);
  }
  return [...entries.values()];
}
