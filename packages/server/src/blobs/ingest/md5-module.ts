/**
 * MD5 (RFC 1321) as a WebAssembly module, put together here: the compression of whole blocks of one message, and of four
 * and eight messages at a time in the lanes of vectors. The steps of one message wait for each other, those of several do
 * not: eight take little longer than one. Padding and lengths are the caller's.
 */

import {
  FOUR_WORDS,
  get,
  int,
  moduleOf,
  ONE_WORD,
  pop,
  repeatWhile,
  set,
  shuffle,
  TYPE,
} from './wasm-code.ts';
import type { Code, FunctionCode, Words } from './wasm-code.ts';

export const BLOCK_BYTES = 64;

/** Messages of the widest function. */
export const LANES = 8;

/** Room for a lane's message. Bytes; whole blocks, and all lanes fit into a core's second cache. */
export const LANE_BYTES = 32 * 1024;

/** From one lane's message to the next one's: with a power of two all would share the same lines of the first cache. */
const LANE_STRIDE = LANE_BYTES + 5 * BLOCK_BYTES;

/** The constants, each four times, behind the states. */
const CONSTANTS_AT = 128;

const LANES_AT = 4096;

const PAGES = Math.ceil((LANES_AT + LANES * LANE_STRIDE) / 65_536);

/** Where a lane's message is in the memory. */
export function laneAt(lane: number): number {
  return LANES_AT + lane * LANE_STRIDE;
}

/** Where word 0 to 3 of a lane's state is in the memory. */
export function stateAt(lane: number, word: number): number {
  return Math.floor(lane / 4) * 64 + word * 16 + (lane % 4) * 4;
}

export interface Md5Module {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Compresses so many blocks, at least one, of lane 0. */
  readonly one: (blocks: number) => void;
  /** Of lanes 0 to 3. */
  readonly four: (blocks: number) => void;
  readonly eight: (blocks: number) => void;
}

/** The one thing needed of it; its types come with those of browsers only. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

export function createMd5Module(): Md5Module {
  const functions = [oneMessage(), messages('four', 1), messages('eight', 2)];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(PAGES, functions)));
  const md5 = exports as Md5Module;
  const constants = new DataView(md5.memory.buffer, CONSTANTS_AT);
  CONSTANTS.forEach((constant, step) => {
    for (let lane = 0; lane < 4; lane++) constants.setUint32(step * 16 + lane * 4, constant, true);
  });
  return md5;
}

const CONSTANTS = Array.from({ length: 64 }, (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))));

const ROTATIONS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

/** The word of the block that a step takes. */
function wordOf(step: number): number {
  const round = step >> 4;
  return ([step, 5 * step + 1, 3 * step + 5, 7 * step][round] ?? 0) % 16;
}

/** One message, or four in the lanes of vectors. Numbers are those of locals. */
interface Group {
  readonly words: Words;
  readonly constant: (step: number) => Code;
  readonly word: (index: number) => Code;
  /** a, b, c, d; and what they were before the block. */
  readonly state: readonly number[];
  readonly before: readonly number[];
  readonly spare: number;
  readonly firstLane: number;
}

/**
 * The function of a round, as a sum of what needs `b`, which the step before has just made, and what does not: the less
 * waits for it the better. Where the sum stands for `or`, no bit is in both.
 */
function roundFunction(round: number, w: Words, [b, c, d]: [Code, Code, Code]): { early?: Code; late: Code } {
  if (round === 0) return { late: w.xor(d, w.and(b, w.xor(c, d))) };
  if (round === 1) return { early: w.without(c, d), late: w.and(b, d) };
  if (round === 2) return { late: w.xor(b, w.xor(c, d)) };
  return { late: w.xor(c, w.or(b, w.not(d))) };
}

function stepOf({ words: w, state, spare, word, constant }: Group, index: number): Code {
  // The names move on by one with each step, instead of the values.
  const local = (name: number): number => state[(name + 64 - index) % 4] ?? 0;
  const b = get(local(1));
  const round = index >> 4;
  const { early, late } = roundFunction(round, w, [b, get(local(2)), get(local(3))]);
  let sum = w.add(get(local(0)), w.add(word(wordOf(index)), constant(index)));
  if (early !== undefined) sum = w.add(sum, early);
  const rotated = w.rotate(w.add(sum, late), ROTATIONS[round]?.[index % 4] ?? 0, spare);
  return set(local(0), w.add(rotated, b));
}

/** Locals of every function: how many blocks are left, and how far into their messages the lanes are. */
const BLOCKS = 0;
const OFFSET = 1;
const FIRST_FREE = 2;

function compress(groups: readonly Group[], load: Code): Code {
  const each = (code: (group: Group, own: { state: number; before: number; at: number }) => Code): Code =>
    groups.flatMap((group) =>
      group.state.flatMap((state, i) =>
        code(group, { state, before: group.before[i] ?? 0, at: stateAt(group.firstLane, i) }),
      ),
    );
  // Group by group within a step: while one waits for its last result the other goes on.
  const steps = CONSTANTS.flatMap((_, i) => groups.flatMap((group) => stepOf(group, i)));
  const block = [
    ...load,
    ...each((_, { state, before }) => set(before, get(state))),
    ...steps,
    ...each(({ words }, { state, before }) => set(state, words.add(get(state), get(before)))),
    ...set(OFFSET, ONE_WORD.add(get(OFFSET), int(BLOCK_BYTES))),
    ...set(BLOCKS, ONE_WORD.add(get(BLOCKS), int(-1))),
  ];
  return [
    ...each(({ words }, { state, at }) => set(state, words.load(int(0), at))),
    ...repeatWhile(block, get(BLOCKS)),
    ...each(({ words }, { state, at }) => words.store(int(0), get(state), at)),
  ];
}

function oneMessage(): FunctionCode {
  const group: Group = {
    words: ONE_WORD,
    constant: (index) => int(CONSTANTS[index] ?? 0),
    word: (index) => ONE_WORD.load(get(OFFSET), laneAt(0) + index * 4),
    state: [2, 3, 4, 5],
    before: [6, 7, 8, 9],
    spare: 10,
    firstLane: 0,
  };
  return { name: 'one', locals: [[10, TYPE.i32]], code: compress([group], []) };
}

const LOCALS_OF_GROUP = 4 + 4 + 1 + 16;

/** @param count groups of four */
function messages(name: string, count: number): FunctionCode {
  const first = (group: number): number => FIRST_FREE + group * LOCALS_OF_GROUP;
  const groups = Array.from({ length: count }, (_, i): Group => {
    const local = first(i);
    return {
      words: FOUR_WORDS,
      constant: (index) => FOUR_WORDS.load(int(0), CONSTANTS_AT + index * 16),
      word: (index) => get(local + 9 + index),
      state: [local, local + 1, local + 2, local + 3],
      before: [local + 4, local + 5, local + 6, local + 7],
      spare: local + 8,
      firstLane: i * 4,
    };
  });
  const load = groups.flatMap(({ firstLane }, i) =>
    [0, 4, 8, 12].flatMap((word) => loadWords(firstLane, word, first(i) + 9 + word)),
  );
  const locals = [
    [1, TYPE.i32],
    [count * LOCALS_OF_GROUP, TYPE.v128],
  ] as const;
  return { name, locals, code: compress(groups, load) };
}

/** Four words of each of four lanes, turned: each of the four locals from `to` on gets one word of every lane. */
function loadWords(firstLane: number, word: number, to: number): Code {
  const [t0, t1, t2, t3] = [to, to + 1, to + 2, to + 3];
  const loads = [t0, t1, t2, t3].flatMap((local, lane) =>
    set(local, FOUR_WORDS.load(get(OFFSET), laneAt(firstLane + lane) + word * 4)),
  );
  // The words of two lanes side by side, the first two of each and the last two.
  const paired = (a: number, b: number): Code => [
    ...shuffle(get(a), get(b), [0, 4, 1, 5]),
    ...shuffle(get(a), get(b), [2, 6, 3, 7]),
    ...pop(b),
    ...pop(a),
  ];
  const turned = [t0, t1].flatMap((local) => [
    ...shuffle(get(local), get(local + 2), [0, 1, 4, 5]),
    ...shuffle(get(local), get(local + 2), [2, 3, 6, 7]),
  ]);
  return [...loads, ...paired(t0, t1), ...paired(t2, t3), ...turned, ...[t3, t2, t1, t0].flatMap(pop)];
}
