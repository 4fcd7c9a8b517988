/**
 * Pieces of WebAssembly's binary format: as much of it as md5-module.ts needs to put a module together.
 *
 * Source: https://webassembly.github.io/spec/core/binary/index.html.
 */

/** A sequence of bytes; of code, an expression that leaves its value on the stack, or what leaves nothing there. */
export type Code = readonly number[];

export const TYPE = { i32: 0x7f, v128: 0x7b } as const;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
/** Sets a local to what is on the stack. */
export const pop = (local: number): Code => [0x21, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, ...pop(local)];
export const int = (value: number): Code => [0x41, ...signed(value | 0)];

/** Runs `code` again as long as `condition` is not 0. */
export function repeatWhile(code: Code, condition: Code): Code {
  return [0x03, 0x40, ...code, ...condition, 0x0d, 0, 0x0b];
}

/** Words of 32 bits: one, or four at a time. */
export interface Words {
  readonly add: (a: Code, b: Code) => Code;
  readonly and: (a: Code, b: Code) => Code;
  /** `a & ~b` */
  readonly without: (a: Code, b: Code) => Code;
  readonly or: (a: Code, b: Code) => Code;
  readonly xor: (a: Code, b: Code) => Code;
  readonly not: (a: Code) => Code;
  /** @param spare a local */
  readonly rotate: (a: Code, by: number, spare: number) => Code;
  readonly load: (at: Code, offset: number) => Code;
  readonly store: (at: Code, value: Code, offset: number) => Code;
}

const binary =
  (operation: Code) =>
  (a: Code, b: Code): Code => [...a, ...b, ...operation];

const vector = (operation: number): Code => [0xfd, ...unsigned(operation)];

export const ONE_WORD: Words = {
  add: binary([0x6a]),
  and: binary([0x71]),
  without: (a, b) => [...a, ...b, ...int(-1), 0x73, 0x71],
  or: binary([0x72]),
  xor: binary([0x73]),
  not: (a) => [...a, ...int(-1), 0x73],
  rotate: (a, by) => [...a, ...int(by), 0x77],
  load: (at, offset) => [...at, 0x28, 2, ...unsigned(offset)],
  store: (at, value, offset) => [...at, ...value, 0x36, 2, ...unsigned(offset)],
};

export const FOUR_WORDS: Words = {
  add: binary(vector(0xae)),
  and: binary(vector(0x4e)),
  without: binary(vector(0x4f)),
  or: binary(vector(0x50)),
  xor: binary(vector(0x51)),
  not: (a) => [...a, ...vector(0x4d)],
  rotate: (a, by, spare) => {
    const left = [...get(spare), ...int(by), ...vector(0xab)];
    const right = [...get(spare), ...int(32 - by), ...vector(0xad)];
    return [...set(spare, a), ...left, ...right, ...vector(0x50)];
  },
  load: (at, offset) => [...at, ...vector(0), 4, ...unsigned(offset)],
  store: (at, value, offset) => [...at, ...value, ...vector(0x0b), 4, ...unsigned(offset)],
};

/** @param words four of the eight of `a` and `b` together, by number */
export function shuffle(a: Code, b: Code, words: readonly number[]): Code {
  const bytes = words.flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte));
  return [...a, ...b, ...vector(0x0d), ...bytes];
}

/** A function of one number, its local 0, that returns nothing. */
export interface FunctionCode {
  readonly name: string;
  /** Besides the parameter: how many of each type, in order. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly code: Code;
}

/** A module with its own memory, exported as `memory`, as the functions are by their names. */
export function moduleOf(pages: number, functions: readonly FunctionCode[]): Uint8Array {
  const exported = (name: string, kind: number, index: number): Code => [
    name.length,
    ...Buffer.from(name),
    kind,
    index,
  ];
  const exports = [exported('memory', 2, 0), ...functions.map(({ name }, i) => exported(name, 0, i))];
  return Uint8Array.from([
    0,
    ...Buffer.from('asm'),
    1,
    0,
    0,
    0,
    ...section(1, [[0x60, 1, TYPE.i32, 0]]),
    ...section(
      3,
      functions.map(() => [0]),
    ),
    ...section(5, [[1, ...unsigned(pages), ...unsigned(pages)]]),
    ...section(7, exports),
    ...section(10, functions.map(bodyOf)),
  ]);
}

function section(id: number, items: readonly Code[]): Code {
  const content = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(content.length), ...content];
}

function bodyOf({ locals, code }: FunctionCode): Code {
  const declared = locals.flatMap(([count, type]) => [...unsigned(count), type]);
  const body = [...unsigned(locals.length), ...declared, ...code, 0x0b];
  return [...unsigned(body.length), ...body];
}

/** LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}
