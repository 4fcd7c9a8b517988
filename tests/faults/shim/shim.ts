/**
 * @module Drives the fault shim (shim.c), a small library of C that is preloaded into a server and stands between it and
 * the system calls that change files: what they are can be noted, and one of them, by its position over all threads, can
 * be the process's last, fail, write less than asked, or be left out while the server believes that it was done.
 *
 * It is driven while the server runs, through a file that both share. Writes through memory maps (SQLite's index of its
 * log) are not seen; they are nothing that outlives the process.
 */

import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('shim.c', import.meta.url));

/** In the order of shim.c. `create`: opening what is not there yet; `open`: what is; `copy`: by the system, file to file. */
export const KINDS = [
  'create',
  'write',
  'fsync',
  'fdatasync',
  'rename',
  'link',
  'unlink',
  'truncate',
  'allocate',
  'mkdir',
  'rmdir',
  'copy',
  'open',
  'read',
] as const;

export type CallKind = (typeof KINDS)[number];

/** Those that change files, or wait for the disk: all but opening and reading, which are noted only when they count. */
export const CHANGES: readonly CallKind[] = KINDS.filter((kind) => kind !== 'open' && kind !== 'read');

export type ShimAction =
  /** Default signal: SIGKILL. With SIGSTOP the process stands still there, until SIGCONT. */
  | { readonly do: 'signal-before' | 'signal-after'; readonly signal?: NodeJS.Signals }
  | { readonly do: 'fail'; readonly error: ErrorName }
  /** Half of a write is done; with `error` the call after it fails with that. Calls that write nothing are done. */
  | { readonly do: 'short'; readonly error?: ErrorName }
  /** Nothing is done, and the caller is told that it was. */
  | { readonly do: 'drop' };

type ErrorName = keyof typeof constants.errno;

export interface Plan {
  readonly action: ShimAction;
  /** Of the calls that count, from 1 on. */
  readonly at: number;
  /** Also at every later one. Default: once. */
  readonly lasting?: boolean;
}

export interface Counted {
  /** Default: `CHANGES`. */
  readonly kinds?: readonly CallKind[];
  /** Only calls whose path contains this count; with `$` at its end: those whose path ends with it. */
  readonly path?: string;
}

/** A call that was made below the directory. */
export interface Call {
  readonly kind: CallKind;
  readonly path: string;
  /** that it was to write, or the length that it gave a file; 0 for others */
  readonly bytes: number;
  readonly thread: number;
  /** its position among those that count, or 0 */
  readonly ordinal: number;
  /** whether the action met it */
  readonly fired: boolean;
}

const ACTIONS = ['nothing', 'signal-before', 'signal-after', 'fail', 'short', 'drop'] as const;

/** The layout of `struct page`. Words of 8 bytes. */
const WORD = {
  on: 0,
  kinds: 1,
  count: 2,
  at: 3,
  action: 4,
  argument: 5,
  lasting: 6,
  fired: 7,
  calls: 8,
} as const;
const FILTER_AT = 9 * 8;
const FILTER_BYTES = 256;
const CALLS_AT = 4096;
const CALL_BYTES = 256;
const CALL_PATH_AT = 32;
const CALLS_MAX = 65_536;

let library: string | undefined;

/** Compiles the library, once a process. @returns its path, or the reason why there is none */
function compile(): { path: string } | { reason: string } {
  if (library !== undefined) return { path: library };
  if (process.platform !== 'linux') return { reason: 'the fault shim is for Linux' };
  const folder = mkdtempSync(join(tmpdir(), 'cistern-shim-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'shim.so');
  const { status, error, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', path, SOURCE, '-ldl'], {
    encoding: 'utf8',
  });
  if (status !== 0)
    return { reason: `no C compiler makes the fault shim: ${error?.message ?? stderr.trim()}` };
  library = path;
  return { path };
}

/** For `skip`, and for `needs` of a proof: why there is no shim here, or false. */
export function needsShim(): string | false {
  const compiled = compile();
  return 'reason' in compiled ? compiled.reason : false;
}

export class FaultShim {
  /** For the environment of the process, and of none that is to be spared. */
  readonly env: Readonly<Record<string, string>>;
  readonly #file: number;
  readonly #folder: string;

  /** @param below the directory whose files are meant; must be there */
  constructor(below: string) {
    const compiled = compile();
    if ('reason' in compiled) throw new Error(compiled.reason);
    this.#folder = mkdtempSync(join(tmpdir(), 'cistern-shim-'));
    const control = join(this.#folder, 'control');
    this.#file = openSync(control, 'w+');
    ftruncateSync(this.#file, CALLS_AT + CALLS_MAX * CALL_BYTES);
    this.env = {
      LD_PRELOAD: compiled.path,
      FAULT_SHIM_CONTROL: control,
      FAULT_SHIM_BELOW: realpathSync(below),
    };
  }

  /** Notes and counts from now on, and meets the call that the plan names. What was noted before is forgotten. */
  arm({ kinds = CHANGES, path = '' }: Counted = {}, plan?: Plan): void {
    this.disarm();
    this.#forget();
    const mask = kinds.reduce((sum, kind) => sum | (1n << BigInt(KINDS.indexOf(kind))), 0n);
    this.#write(WORD.kinds, mask);
    const filter = Buffer.alloc(FILTER_BYTES);
    if (filter.write(path) >= FILTER_BYTES) throw new Error(`too long a path: ${path}`);
    writeSync(this.#file, filter, 0, FILTER_BYTES, FILTER_AT);
    this.#write(WORD.at, plan?.at ?? 0);
    this.#write(WORD.action, plan === undefined ? 0 : ACTIONS.indexOf(plan.action.do));
    this.#write(WORD.argument, plan === undefined ? 0 : argumentOf(plan.action));
    this.#write(WORD.lasting, plan?.lasting === true ? 1 : 0);
    this.#write(WORD.on, 1);
  }

  /** Every call passes again. What was counted and noted stays to be read. */
  disarm(): void {
    this.#write(WORD.on, 0);
  }

  /** Calls that counted since `arm`. */
  get count(): number {
    return this.#read(WORD.count);
  }

  /** How often the action has met a call since `arm`. */
  get fired(): number {
    return this.#read(WORD.fired);
  }

  /** What was called since `arm`, in its order. Throws when it was more than fits. */
  calls(): Call[] {
    const count = this.#read(WORD.calls);
    if (count > CALLS_MAX) throw new Error(`${count} calls, and only ${CALLS_MAX} can be noted`);
    const bytes = Buffer.alloc(count * CALL_BYTES);
    readSync(this.#file, bytes, 0, bytes.length, CALLS_AT);
    return Array.from({ length: count }, (_, i) =>
      readCall(bytes.subarray(i * CALL_BYTES, (i + 1) * CALL_BYTES)),
    ).filter((call) => call !== undefined);
  }

  /** The process that it was preloaded into must have ended. */
  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #forget(): void {
    const noted = Math.min(this.#read(WORD.calls), CALLS_MAX);
    for (const word of [WORD.count, WORD.fired, WORD.calls]) this.#write(word, 0);
    const nothing = Buffer.alloc(noted * CALL_BYTES);
    writeSync(this.#file, nothing, 0, nothing.length, CALLS_AT);
  }

  #write(word: number, value: number | bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    writeSync(this.#file, bytes, 0, 8, word * 8);
  }

  #read(word: number): number {
    const bytes = Buffer.alloc(8);
    readSync(this.#file, bytes, 0, 8, word * 8);
    return Number(bytes.readBigUInt64LE());
  }
}

function argumentOf(action: ShimAction): number {
  switch (action.do) {
    case 'signal-before':
    case 'signal-after':
      return constants.signals[action.signal ?? 'SIGKILL'];
    case 'fail':
      return constants.errno[action.error];
    case 'short':
      return action.error === undefined ? 0 : constants.errno[action.error];
    case 'drop':
      return 0;
  }
}

/** Undefined when its thread died while it noted it. */
function readCall(bytes: Buffer): Call | undefined {
  if (bytes.readUInt32LE(24) === 0) return undefined;
  const path = bytes.subarray(CALL_PATH_AT);
  return {
    ordinal: Number(bytes.readBigUInt64LE(0)),
    kind: KINDS[bytes.readUInt32LE(8)] ?? 'open',
    thread: bytes.readUInt32LE(12),
    bytes: Number(bytes.readBigInt64LE(16)),
    fired: bytes.readUInt32LE(28) !== 0,
    path: path.toString('utf8', 0, path.indexOf(0)),
  };
}

/** A line for people. @param below what is left out of its path */
export function describeCall({ kind, path, bytes, ordinal }: Call, below: string): string {
  const name = path.startsWith(below) ? path.slice(below.length + 1) : path;
  return `${ordinal === 0 ? '-' : `#${ordinal}`} ${kind} ${name === '' ? '.' : name}${bytes > 0 ? ` (${bytes})` : ''}`;
}
