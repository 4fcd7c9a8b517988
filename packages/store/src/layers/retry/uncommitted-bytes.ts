/** Copies of the bytes of an upload that are not known to be committed: a queue, with their place in the object. */

export class UncommittedBytes {
  #chunks: Uint8Array[] = [];
  #start: number;
  #end: number;

  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  /** where the first of them stands */
  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** @returns where the bytes end that were given so far */
  add(bytes: Uint8Array): number {
    if (bytes.byteLength > 0) this.#chunks.push(bytes.slice());
    this.#end += bytes.byteLength;
    return this.#end;
  }

  /** Lets go of those before `position`. */
  drop(position: number): void {
    let count = 0;
    while (this.#start < position) {
      const chunk = this.#chunks[count];
      if (chunk === undefined) break;
      const left = this.#start + chunk.byteLength - position;
      if (left > 0) {
        this.#chunks[count] = chunk.subarray(chunk.byteLength - left);
        this.#start = position;
      } else {
        this.#start += chunk.byteLength;
        count++;
      }
    }
    if (count > 0) this.#chunks.splice(0, count);
  }

  /** As they are now. */
  chunks(): readonly Uint8Array[] {
    return [...this.#chunks];
  }

  /** Whether `bytes` are those from `position` on. */
  has(position: number, bytes: Uint8Array): boolean {
    if (position < this.#start || position + bytes.byteLength > this.#end) return false;
    let start = this.#start;
    for (const chunk of this.#chunks) {
      const from = Math.max(start, position);
      const to = Math.min(start + chunk.byteLength, position + bytes.byteLength);
      for (let at = from; at < to; at++) {
        if (chunk[at - start] !== bytes[at - position]) return false;
      }
      start += chunk.byteLength;
    }
    return true;
  }
}
