/** @module How many bytes of buffers were asked for: a short input must not make its reader take much memory. */

let bytes = 0;
let watching = false;

/** From now on this thread's buffers are counted. */
export function watchAllocations(): void {
  if (watching) return;
  watching = true;
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
    const original = Buffer[name].bind(Buffer) as (size: number, ...rest: unknown[]) => Buffer;
    Object.assign(Buffer, {
      [name]: (size: number, ...rest: unknown[]) => {
        if (typeof size === 'number') bytes += size;
        return original(size, ...rest);
      },
    });
  }
}

/** @returns those since the last call */
export function takeAllocated(): number {
  const taken = bytes;
  bytes = 0;
  return taken;
}
