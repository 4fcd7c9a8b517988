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
