/** @module Values as numbers: equal ones have the same, so that states are compared, and remembered, as numbers. */

export class Values<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];
  readonly #name: (value: T) => string;

  /** @param name what equal values, and no others, have in common */
  constructor(name: (value: T) => string) {
    this.#name = name;
  }

  number(value: T): number {
    const name = this.#name(value);
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#values.push(value) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }

  get(number: number): T {
    return this.#values[number] as T;
  }
}

/** The state with another value of one key. */
export function withValue(state: readonly number[], key: number, value: number): number[] {
  const next = [...state];
  next[key] = value;
  return next;
}
