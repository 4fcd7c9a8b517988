/** Structured log lines of a thread, handed to the main thread in batches: one writer, so that lines never mix. */

import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel } from '../config.ts';

const FLUSH_MS = 100;
const FLUSH_CHARS = 64 * 1024;

export interface ThreadLogger {
  readonly log: Logger;
  /** Whether lines of level info are wanted. */
  readonly logsInfo: boolean;
  /** Writes a line that its caller has made: JSON, with its newline. */
  write(line: string): void;
  flush(): void;
}

export function createLogger(level: LogLevel, write: (lines: string) => void): ThreadLogger {
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (lines !== '') write(lines);
    lines = '';
  };
  const destination = {
    write(line: string): void {
      lines += line;
      if (lines.length >= FLUSH_CHARS) flush();
      else timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
  };
  // The process is always the same: its number and host say nothing in a line.
  const log = pino({ level, base: null }, destination);
  return { log, logsInfo: log.isLevelEnabled('info'), write: (line) => destination.write(line), flush };
}
