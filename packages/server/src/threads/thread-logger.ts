/** Structured log lines of a thread, handed to the main thread in batches: one writer, so that lines never mix. */

import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel } from '../config.ts';

const FLUSH_MS = 100;
const FLUSH_BYTES = 64 * 1024;
/** UTF-8, of one UTF-16 unit. */
const BYTES_PER_UNIT_MAX = 3;

export interface ThreadLogger {
  readonly log: Logger;
  /** Whether lines of level info are wanted. */
  readonly logsInfo: boolean;
  /** Writes a line that its caller has made: JSON, with its newline. */
  write(line: string): void;
  flush(): void;
}

export function createLogger(level: LogLevel, write: (lines: string) => void): ThreadLogger {
  // As bytes: a string that grows keeps every piece that it was made of, and the garbage collector moves them all.
  const lines = Buffer.allocUnsafeSlow(FLUSH_BYTES);
  let filled = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (filled > 0) write(lines.toString('utf8', 0, filled));
    filled = 0;
  };
  const destination = {
    write(line: string): void {
      const most = line.length * BYTES_PER_UNIT_MAX;
      if (filled + most > FLUSH_BYTES) flush();
      if (most > FLUSH_BYTES) {
        write(line);
        return;
      }
      filled += lines.write(line, filled);
      timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
  };
  // The process is always the same: its number and host say nothing in a line.
  const log = pino({ level, base: null }, destination);
  return { log, logsInfo: log.isLevelEnabled('info'), write: (line) => destination.write(line), flush };
}
