/** Log lines of a thread: all of them, whole, in order, in batches. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createLogger } from './thread-logger.ts';

test('lines come out in order and whole, whatever their length and letters', () => {
  const batches: string[] = [];
  const logger = createLogger('info', (lines) => batches.push(lines));
  const written: string[] = [];
  for (let i = 0; i < 2000; i++) {
    const line = `${i} ${['a', 'é', '漢', '😀'][i % 4]?.repeat(i % 97)}\n`;
    written.push(line);
    logger.write(line);
  }
  // Longer than a batch, alone and behind others.
  for (const length of [30_000, 100_000, 10]) {
    const line = `${'漢'.repeat(length)}\n`;
    written.push(line);
    logger.write(line);
  }
  logger.flush();
  assert.equal(batches.join(''), written.join(''));
  assert.ok(batches.length > 2 && batches.length < 20, `${batches.length} batches`);
  for (const batch of batches) assert.ok(batch.endsWith('\n'));
});

test('what is below the level is not wanted', () => {
  assert.equal(createLogger('warn', () => undefined).logsInfo, false);
  assert.equal(createLogger('info', () => undefined).logsInfo, true);
});

test('a batch is written soon, without being asked for', async () => {
  const written = Promise.withResolvers<string>();
  const logger = createLogger('info', written.resolve);
  // The timer alone keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  logger.write('a line\n');
  assert.equal(await written.promise, 'a line\n');
  clearInterval(alive);
});

test('an error is told with its stack, its causes and its code, and nothing that could break the line', () => {
  const lines: string[] = [];
  const logger = createLogger('error', (text) => lines.push(text));
  const cause = Object.assign(new Error('no disk'), { code: 'EIO', errcode: 10, count: 1n, self: {} });
  cause.self = cause;
  cause.cause = cause;
  logger.log.error({ requestId: 'A1', err: new TypeError('broken\nline', { cause }) }, 'request failed');
  logger.log.fatal({ cause: 'words', err: cause }, 'over');
  logger.flush();
  const [failed, over] = lines
    .join('')
    .split('\n')
    .map((line) => (line === '' ? null : (JSON.parse(line) as unknown))) as [
    Record<string, unknown> & { err: Record<string, string> },
    Record<string, unknown> & { err: Record<string, string> },
  ];
  assert.deepEqual(
    [failed['level'], failed['requestId'], failed['msg'], failed.err['type'], failed.err['message']],
    [50, 'A1', 'request failed', 'TypeError', 'broken\nline'],
  );
  assert.match(failed.err['stack'] ?? '', /TypeError: broken\nline\n {4}at .*\ncaused by: Error: no disk\n/s);
  assert.deepEqual(
    [over['level'], over['cause'], over.err['code'], over.err['errcode']],
    [60, 'words', 'EIO', 10],
  );
  assert.ok(Math.abs(Date.now() - Number(failed['time'])) < 60_000);
});

test('no level but silence keeps errors from being told', () => {
  const lines: string[] = [];
  for (const level of ['silent', 'error', 'debug'] as const) {
    const logger = createLogger(level, (text) => lines.push(`${level} ${text}`));
    logger.log.error({}, 'told');
    logger.flush();
  }
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['error', 'debug'],
  );
});
