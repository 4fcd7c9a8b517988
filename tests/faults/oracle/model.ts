/**
 * @module What a server must hold, by the lines of the oracle's log. In the bucket without versions some keys are written
 * by many at once; a key of the bucket with versions, or of a group of changes, has one writer, who never writes it again
 * before it is known what came of an earlier request.
 */

import { ABSENT, KeyHistory } from './key-history.ts';
import type { Attempt } from './key-history.ts';
import type { Change, Line, LoggedVersion } from './log.ts';

interface Intent {
  readonly does: string;
  readonly groups: readonly (readonly Change[])[];
  readonly attempts: readonly Attempt[];
}

/** A change of several keys at once, and what each of them held before. */
export interface OpenGroup {
  readonly does: string;
  readonly changes: readonly { key: string; before: ReadonlySet<string>; after: string }[];
}

export interface VersionedKey {
  /** the newest first */
  list: readonly LoggedVersion[];
  /** what was asked and not acknowledged */
  open: Change | undefined;
  /** something was asked of it since it was looked at */
  touched: boolean;
}

export interface PlainKey {
  readonly history: KeyHistory;
  /** as it was found; undefined once something was asked of it since */
  etag: string | null | undefined;
}

export interface Upload {
  readonly key: string;
  /** ETags of acknowledged parts by their number */
  readonly parts: Map<number, string>;
  end: 'none' | 'asked' | 'acknowledged';
}

export class OracleModel {
  readonly plain = new Map<string, PlainKey>();
  readonly versioned = new Map<string, VersionedKey>();
  /** by id */
  readonly uploads = new Map<string, Upload>();
  /** Every state that was ever on its way. */
  readonly sent = new Set<string>();
  readonly #open = new Map<number, Intent>();

  constructor(lines: readonly Line[] = []) {
    for (const line of lines) this.apply(line);
  }

  apply(line: Line): void {
    if ('intent' in line) this.#intend(line);
    else if ('acknowledged' in line) this.#acknowledge(line.acknowledged, line.version);
    else if ('holds' in line) this.#found(line);
    else if ('versions' in line) {
      this.versioned.set(line.versions, { list: line.list, open: undefined, touched: false });
      for (const [, state] of line.list) if (state !== null) this.sent.add(state);
    } else if ('upload' in line) {
      this.uploads.set(line.upload, { key: line.of, parts: new Map(), end: 'none' });
    } else if ('partOf' in line) {
      this.uploads.get(line.partOf)?.parts.set(line.number, line.etag);
    } else if ('ending' in line) this.#endUpload(line.ending, 'asked');
    else if ('ended' in line) this.#endUpload(line.ended, 'acknowledged');
  }

  /** The state of a key, when there is only one that it can be in. */
  certain(key: string): string | undefined {
    const history = this.plain.get(key)?.history;
    if (history === undefined) return ABSENT;
    const [state, ...others] = history.allowed();
    return others.length === 0 ? state : undefined;
  }

  versionsOf(key: string): VersionedKey {
    let found = this.versioned.get(key);
    if (found === undefined) this.versioned.set(key, (found = { list: [], open: undefined, touched: false }));
    return found;
  }

  /** Those of several keys that were not acknowledged. */
  openGroups(): OpenGroup[] {
    return [...this.#open.values()].flatMap(({ does, groups }) =>
      groups
        .filter((group) => group.length > 1)
        .map((group) => ({
          does,
          changes: group.flatMap((change) => {
            if (!('key' in change)) return [];
            const before = new Set(this.plain.get(change.key)?.history.allowed());
            const after = change.state ?? ABSENT;
            before.delete(after);
            return [{ key: change.key, before, after }];
          }),
        })),
    );
  }

  /** What was asked and not acknowledged. */
  get unanswered(): number {
    return this.#open.size;
  }

  #intend({ intent, does, groups }: Extract<Line, { intent: number }>): void {
    const attempts: Attempt[] = [];
    for (const change of groups.flat()) {
      if ('key' in change) {
        const known = this.plain.get(change.key);
        const history = known?.history ?? new KeyHistory(ABSENT);
        this.plain.set(change.key, { history, etag: undefined });
        attempts.push(history.begin(change.state ?? ABSENT));
        if (change.state !== null) this.sent.add(change.state);
      } else {
        const key = this.versionsOf(change.versionsOf);
        key.open = change;
        key.touched = true;
        if ('adds' in change && change.adds !== null) this.sent.add(change.adds);
      }
    }
    this.#open.set(intent, { does, groups, attempts });
  }

  #acknowledge(id: number, version: string | undefined): void {
    const intent = this.#open.get(id);
    if (intent === undefined) throw new Error(`acknowledgement of ${id}, which was not asked`);
    this.#open.delete(id);
    let next = 0;
    for (const change of intent.groups.flat()) {
      if ('key' in change) {
        const attempt = intent.attempts[next++];
        if (attempt !== undefined) this.plain.get(change.key)?.history.acknowledge(attempt);
        continue;
      }
      const key = this.versionsOf(change.versionsOf);
      key.list = withChange(key.list, change, version ?? '');
      key.open = undefined;
    }
  }

  #found({ holds, state, etag }: Extract<Line, { holds: string }>): void {
    this.plain.set(holds, { history: new KeyHistory(state ?? ABSENT), etag });
    if (state !== null) this.sent.add(state);
  }

  #endUpload(id: string, end: Upload['end']): void {
    const upload = this.uploads.get(id);
    if (upload !== undefined) upload.end = end;
  }
}

/** @param id of what is added */
export function withChange(
  list: readonly LoggedVersion[],
  change: Change,
  id: string,
): readonly LoggedVersion[] {
  if ('adds' in change) return [[id, change.adds], ...list];
  if ('removes' in change) return list.filter(([version]) => version !== change.removes);
  return list;
}
