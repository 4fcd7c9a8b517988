/**
 * Structured log lines of a thread, handed to the main thread in batches: one writer, so that lines never mix. Shaped as
 * pino's, for what reads those; pino itself would be loaded by every thread, for lines that are hardly ever written.
 */

import type { LogLevel } from '../config.ts';

const FLUSH_MS = 100;
const FLUSH_BYTES = 64 * 1024;
/** UTF-8, of one UTF-16 unit. */
const BYTES_PER_UNIT_MAX = 3;

/** pino's numbers. */
const LEVELS = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Infinity } as const;

/** Writes one line. `err` is an error, told with its stack and its causes; other fields are as JSON has them. */
export type WriteLog = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface Log {
  readonly error: WriteLog;
  readonly fatal: WriteLog;
}

export interface ThreadLogger {
  readonly log: Log;
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
  const at = (name: 'error' | 'fatal'): WriteLog => {
    const number = LEVELS[name];
    if (number < LEVELS[level]) return () => undefined;
    return (fields, msg) => destination.write(logLine(number, fields, msg));
  };
  return {
    log: { error: at('error'), fatal: at('fatal') },
    logsInfo: LEVELS[level] <= LEVELS.info,
    write: (line) => destination.write(line),
    flush,
  };
}

function logLine(level: number, fields: Readonly<Record<string, unknown>>, msg: string): string {
  const { err, ...others } = fields;
  const told = err instanceof Error ? { ...others, err: describe(err) } : fields;
  return `${JSON.stringify({ level, time: Date.now(), ...told, msg })}\n`;
}

/** What an error says, and the simple ones of its own properties: a system error's code, SQLite's number. */
function describe(error: Error): Record<string, unknown> {
  const simple = Object.entries(error).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  return {
    type: error.constructor.name,
    message: error.message,
    stack: stackOf(error),
    ...Object.fromEntries(simple),
  };
}

/** An error may be its own cause. */
const CAUSES_MAX = 10;

function stackOf(error: Error): string {
  const stacks: string[] = [];
  let cause: unknown = error;
  for (let depth = 0; cause instanceof Error && depth < CAUSES_MAX; depth++) {
    stacks.push(cause.stack ?? `${cause.name}: ${cause.message}`);
    ({ cause } = cause);
  }
  return stacks.join('\ncaused by: ');
}
