/** @module Tests of taking turns. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BodyPool } from '../bodies.ts';
import { parseOptions } from '../options.ts';
import { type Contender, contender } from './contender.ts';
import { parsePeer } from './peer.ts';
import { play, type Scene } from './scene.ts';

test('each row is done by all in turn, and each round begins with another one', async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'cistern-turns-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const contenders = ['a', 'b', 'c'].map((name) => contenderNamed(name, scratch));
  const done: string[] = [];
  const scene: Scene = {
    groups: ['put'],
    roundsMax: 2,
    prepare: ({ target }) => (target.name === 'c' ? Promise.reject(new Error('is full')) : Promise.resolve()),
    acts: () =>
      ['PUT', 'GET'].map(
        (row) =>
          ({ target }) =>
            Promise.resolve(void done.push(`${row} ${target.name}`)),
      ),
    clear: ({ target }) => Promise.resolve(void done.push(`clear ${target.name}`)),
  };
  await play(scene, contenders, 3);
  assert.deepEqual(done.slice(0, 4), ['PUT a', 'PUT b', 'GET a', 'GET b']);
  assert.deepEqual(done.slice(4, 8), ['PUT b', 'PUT a', 'GET b', 'GET a']);
  assert.deepEqual(done.slice(8), ['clear a', 'clear b']);
  assert.deepEqual(contenders[2]?.bench.skipped, [{ id: 'what a row needs', reason: 'is full' }]);
});

function contenderNamed(name: string, scratch: string): Contender {
  const options = parseOptions(['--peer', `${name}=http://127.0.0.1:1,id,secret`], {});
  assert.ok(options);
  const around = {
    options,
    scratch,
    bodies: new BodyPool(scratch),
    parentDirectory: scratch,
    progress: () => undefined,
  };
  const peer = parsePeer(`${name}=http://127.0.0.1:1,id,secret`);
  const nothing = { starts: [], leave: () => Promise.resolve(), kill: () => undefined };
  return { ...contender(around, peer), durability: '', syncs: false, ...nothing };
}
