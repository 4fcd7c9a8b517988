/** Listing page by page, as ranges of the key's index: a common prefix is passed by one seek, whatever it holds. */

import { throwIfAborted } from '../../errors.ts';
import { afterPrefix, compareKeys } from '../../keys.ts';
import type { ListEntry, ListOptions } from '../../object-store.ts';
import { fromSqlite } from './sqlite-errors.ts';
import type { ListedRow, Statements } from './statements.ts';

const PAGE_MAX = 1000;
/** After a common prefix, which most often is followed by another. */
const PAGE_AFTER_PREFIX = 8;

export interface ListSource {
  readonly sql: Statements;
  readonly path: string;
  readonly checkOpen: (operation: 'list') => void;
}

export async function* listObjects(source: ListSource, options: ListOptions): AsyncGenerator<ListEntry> {
  const { prefix = '', startAfter, delimiter = '', signal } = options;
  const end = afterPrefix(prefix);
  let from: string | undefined = prefix;
  if (startAfter !== undefined && compareKeys(startAfter, prefix) >= 0) from = justAfter(startAfter);
  let limit = delimiter === '' ? PAGE_MAX : PAGE_AFTER_PREFIX;
  while (from !== undefined) {
    source.checkOpen('list');
    throwIfAborted(signal, 'list');
    const rows = page(source, from, end, limit);
    let next: string | undefined = rows.length < limit ? undefined : justAfter(rows.at(-1)?.key ?? '');
    limit = Math.min(PAGE_MAX, limit * 4);
    for (let index = 0; index < rows.length;) {
      const row = rows[index++];
      if (row === undefined) break;
      const cut: number = delimiter === '' ? -1 : row.key.indexOf(delimiter, prefix.length);
      if (cut === -1) {
        yield toListed(row);
        continue;
      }
      const common = row.key.slice(0, cut + delimiter.length);
      // A listing that begins after the prefix itself has had it.
      if (startAfter === undefined || compareKeys(common, startAfter) > 0) {
        yield { type: 'prefix', prefix: common };
      }
      while (rows[index]?.key.startsWith(common) === true) index++;
      if (index < rows.length || next === undefined) continue;
      next = afterPrefix(common);
      limit = PAGE_AFTER_PREFIX;
    }
    from = next;
    await new Promise(setImmediate);
  }
}

function page({ sql, path }: ListSource, from: string, end: string | undefined, limit: number): ListedRow[] {
  try {
    return end === undefined ? sql.page(from, limit) : sql.pageBefore(from, end, limit);
  } catch (error) {
    throw fromSqlite(error, path, 'list');
  }
}

/** The least text after `key`: no key has NUL in it. */
function justAfter(key: string): string {
  return `${key}\0`;
}

function toListed({ key, size, etag, modified_ms }: ListedRow): ListEntry {
  return { type: 'object', key, size, etag, lastModified: new Date(modified_ms) };
}
