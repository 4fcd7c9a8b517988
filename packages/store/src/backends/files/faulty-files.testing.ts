/** The system's calls, of which one fails, or all from one on: as on a bad disk, or when the process ends. */

import type { FileHandle } from 'node:fs/promises';
import { NODE_FILES } from './file-system.ts';
import type { FileSystem } from './file-system.ts';

export interface FaultyFiles {
  readonly fs: FileSystem;
  /** calls so far */
  readonly calls: readonly string[];
}

/**
 * @param failing the call that fails, counted from 0
 * @param ends `true`: so do all after it; the machine is not told to put anything right
 */
export function faultyFiles(failing: number, { ends = false, code = 'EIO' } = {}): FaultyFiles {
  const calls: string[] = [];
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function' || typeof name !== 'string') return value;
        const method = value as (...given: unknown[]) => unknown;
        // What is open is closed by the system when a process ends.
        if (name === 'close') return () => method.call(target);
        return async (...given: unknown[]) => {
          const index = calls.push(name) - 1;
          if (index === failing || (ends && index > failing)) {
            throw Object.assign(new Error(`${code}: injected, ${name}`), { code, syscall: name });
          }
          const result = await method.apply(target, given);
          return name === 'open' ? wrap(result as FileHandle) : result;
        };
      },
    });
  return { fs: wrap(NODE_FILES), calls };
}
