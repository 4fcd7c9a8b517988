/**
 * @module Whether a concurrent history is linearizable: whether each operation can have happened at one moment between its
 * call and its end so that, one after another, all of them were answered as they were.
 *
 * A search in depth after Wing and Gong, in Lowe's just-in-time form: the calls and ends are walked through in order, and an
 * operation is put into the sequence no earlier than the end of one that needs it. What was tried is remembered. Three
 * rules keep the search small, and lose nothing:
 * - What only reads is put in as soon as its answer fits: it changes nothing for the others.
 * - Before the end of an operation only those are tried that share a key with it, over others that are under way if need be:
 *   operations on other keys commute with it, and can be put in later.
 * - Where an answer leaves only one state, nothing before it is tried again.
 * What is known to come after another (`after`) is not tried before it.
 */

/** What each key holds, by its number. Values are numbers, too: equal ones are equal values. */
export type State = readonly number[];

export interface Step {
  readonly client: number;
  /** All that it reads or writes. */
  readonly keys: readonly number[];
  /** Whether it leaves every state as it is. */
  readonly reads: boolean;
  /** Whether it need not have happened: it was not answered. */
  readonly optional: boolean;
  /** Positions in the order of all calls and ends. A client has one operation at a time. */
  readonly called: number;
  readonly ended: number;
  readonly settles: boolean;
  /** The state after it; undefined: it cannot have been answered so in this state. */
  readonly apply: (state: State) => State | undefined;
  /** How much of its keys is not as its answer says: what is nearer is tried first. */
  readonly distance?: (state: State) => number;
  /** Indexes of those that must come before it, if it is known. */
  readonly after?: readonly number[];
  /** A guess at when it happened, beside those of others: what is less is tried first. It decides how long the search takes only. */
  readonly guess?: number | undefined;
}

export type Verdict =
  | { readonly linearizable: true }
  /** `at`: the first whose answer no sequence explains; `states`: what there can have been when it ended. */
  | { readonly linearizable: false; readonly at: number; readonly states: readonly State[] }
  /** The search was given up. */
  | { readonly linearizable: undefined; readonly at: number };

/** Of a history that can be explained few hundred more than it has operations are tried. */
const NODES_MAX = 2_000_000;
const STATES_TOLD_MAX = 20;

interface Event {
  readonly step: number;
  readonly ends: boolean;
}

interface Node {
  readonly event: number;
  /** Which of those under way are in the sequence: a bit for each client. */
  readonly done: number;
  readonly state: State;
}

export function check(steps: readonly Step[], initial: State): Verdict {
  return new Search(steps, initial).run();
}

class Search {
  readonly #steps: readonly Step[];
  readonly #events: readonly Event[];
  /** By step: the events of its call and its end. */
  readonly #calls: readonly number[];
  readonly #ends: readonly number[];
  /** By event: what is under way when it comes. */
  readonly #under: readonly (readonly number[])[];
  #stack: Node[];
  #seen = new Set<string>();
  #furthest = -1;
  #states: State[] = [];

  constructor(steps: readonly Step[], initial: State) {
    this.#steps = steps;
    this.#events = eventsOf(steps);
    this.#under = underWay(this.#events);
    const at = (ends: boolean): Map<number, number> =>
      new Map(this.#events.flatMap((event, i) => (event.ends === ends ? [[event.step, i]] : [])));
    const [calls, ends] = [at(false), at(true)];
    this.#calls = steps.map((_, step) => calls.get(step) ?? 0);
    this.#ends = steps.map((_, step) => ends.get(step) ?? 0);
    this.#stack = [{ event: 0, done: 0, state: initial }];
  }

  run(): Verdict {
    for (let tried = 0; tried < NODES_MAX; tried++) {
      const node = this.#stack.pop();
      if (node === undefined) {
        const at = this.#events[this.#furthest]?.step ?? 0;
        return { linearizable: false, at, states: this.#states };
      }
      const stuck = this.#advance(node);
      if (stuck === undefined) return { linearizable: true };
      const name = `${stuck.event} ${stuck.done} ${stuck.state.join(' ')}`;
      if (this.#seen.has(name)) continue;
      this.#seen.add(name);
      this.#note(stuck);
      this.#branch(stuck);
    }
    return { linearizable: undefined, at: this.#events[this.#furthest]?.step ?? 0 };
  }

  /** Walks on until something has to be put into the sequence. @returns undefined at the end */
  #advance({ event, done, state }: Node): Node | undefined {
    for (; ; event++) {
      const entry = this.#events[event];
      if (entry === undefined) return undefined;
      const step = this.#steps[entry.step] as Step;
      const bit = 1 << step.client;
      if (!entry.ends) {
        done &= ~bit;
        // Others may have waited for it.
        if (step.reads) done = this.#withReads(event + 1, done, state);
      } else if ((done & bit) === 0 && !step.optional) {
        // A read that had to wait for another.
        const fits = step.reads && this.#mayCome(entry.step, event, done) && step.apply(state) !== undefined;
        if (!fits) return { event, done, state };
      }
      if (entry.ends && step.settles) {
        this.#stack = [];
        this.#seen.clear();
      }
    }
  }

  #note({ event, state }: Node): void {
    if (event > this.#furthest) this.#states = [];
    this.#furthest = Math.max(this.#furthest, event);
    if (event === this.#furthest && this.#states.length < STATES_TOLD_MAX) this.#states.push(state);
  }

  /** What can come next before the operation that ends here: the best of them is to be tried first. */
  #branch({ event, done, state }: Node): void {
    const ending = this.#events[event]?.step as number;
    const { apply, guess: own = 0, distance } = this.#steps[ending] as Step;
    const far = distance ?? ((after: State): number => (apply(after) === undefined ? 1 : 0));
    const next: { node: Node; far: number; guess: number }[] = [];
    for (const index of this.#related(event, done)) {
      const step = this.#steps[index] as Step;
      const after = step.reads || !this.#mayCome(index, event, done) ? undefined : step.apply(state);
      if (after === undefined) continue;
      const node = { event, done: this.#withReads(event, done | (1 << step.client), after), state: after };
      if (index === ending) next.push({ node, far: 0, guess: own });
      else next.push({ node, far: far(after), guess: step.guess ?? Infinity });
    }
    next.sort((a, b) => b.far - a.far || b.guess - a.guess);
    for (const { node } of next) this.#stack.push(node);
  }

  /** What is not in the sequence yet, and is tied to the operation that ends: by keys, or because it must come before. */
  #related(event: number, done: number): number[] {
    const ending = this.#events[event]?.step as number;
    const open = new Set((this.#under[event] ?? []).filter((index) => !this.#isDone(index, done)));
    const related: number[] = [];
    const take = (index: number): void => {
      if (open.delete(index)) related.push(index);
    };
    take(ending);
    for (const index of related) {
      const { keys, after = [] } = this.#steps[index] as Step;
      for (const other of open) if (this.#steps[other]?.keys.some((key) => keys.includes(key))) take(other);
      for (const other of after) take(other);
    }
    return related;
  }

  /** Reads that fit, until there are none: one may have to come before another. */
  #withReads(event: number, done: number, state: State): number {
    for (let before = -1; before !== done;) {
      before = done;
      for (const index of this.#under[event] ?? []) {
        const step = this.#steps[index] as Step;
        if (!step.reads || this.#isDone(index, done) || !this.#mayCome(index, event, done)) continue;
        if (step.apply(state) !== undefined) done |= 1 << step.client;
      }
    }
    return done;
  }

  /** Whether all that must come before it are in the sequence. */
  #mayCome(index: number, event: number, done: number): boolean {
    return (this.#steps[index]?.after ?? []).every((other) => {
      if ((this.#ends[other] as number) < event) return true;
      return (this.#calls[other] as number) < event && this.#isDone(other, done);
    });
  }

  #isDone(index: number, done: number): boolean {
    return (done & (1 << (this.#steps[index] as Step).client)) !== 0;
  }
}

function eventsOf(steps: readonly Step[]): Event[] {
  const all = steps.flatMap(({ called, ended }, step) => [
    { step, ends: false, at: called },
    { step, ends: true, at: ended },
  ]);
  return all.sort((a, b) => a.at - b.at || Number(a.ends) - Number(b.ends));
}

function underWay(events: readonly Event[]): number[][] {
  let under: number[] = [];
  return events.map(({ step, ends }) => {
    const before = under;
    under = ends ? under.filter((index) => index !== step) : [...under, step];
    return before;
  });
}
