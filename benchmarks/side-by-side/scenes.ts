/**
 * @module The rows that are measured side by side, made of those of a run alone.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import type { Options } from '../options.ts';
import { removeBucket } from '../rows/fill.ts';
import { largeRows } from '../rows/large.ts';
import { layoutOf, prepareListing, replayWalkRow } from '../rows/list.ts';
import { measureSmall, METHODS, SmallObjects } from '../rows/small.ts';
import { uploadRows } from '../rows/uploads.ts';
import { ensureBucket } from '../s3-client.ts';
import { formatCount, formatSize } from '../units.ts';
import type { Act, Scene } from './scene.ts';

const SMALL_BYTES_MAX = 2 ** 20;
// What one turn with large objects moves, unless one object for each stream is more.
const TURN_BYTES = 2 ** 30;

export function scenesOf(options: Options): Scene[] {
  const scenes: Scene[] = [];
  const small = options.sizes.filter((size) => size <= SMALL_BYTES_MAX);
  for (const size of small) {
    for (const connections of options.connections) scenes.push(smallScene(options, size, connections));
  }
  if (options.only.has('list')) scenes.push(...options.listKeys.map(listScene));
  for (const size of options.sizes.filter((each) => each > SMALL_BYTES_MAX)) {
    for (const streams of options.streams) scenes.push(largeScene(options, size, streams));
  }
  if (options.only.has('uploads'))
    scenes.push({ groups: ['uploads'], prepare: needBucket, acts: () => [uploadRows] });
  return scenes;
}

/** PUT, GET, HEAD and DELETE of the same objects, new ones in each round. */
function smallScene(options: Options, objectBytes: number, connections: number): Scene {
  const acts = (): Act[] => {
    const objects = new Map<Bench, SmallObjects>();
    const objectsOf = (bench: Bench): SmallObjects => {
      const own = objects.get(bench) ?? new SmallObjects(bench, objectBytes);
      objects.set(bench, own);
      return own;
    };
    return METHODS.filter((method) => options.only.has(groupOf(method))).map((method) => async (bench) => {
      if (!bench.options.only.has(groupOf(method))) return;
      const id = `${method} ${formatSize(objectBytes)} x${connections}`;
      const plan = { id, group: groupOf(method), method, connections };
      await runRow(bench, id, () => measureSmall(bench, objectsOf(bench), plan));
    });
  };
  return { groups: METHODS.map(groupOf), prepare: needBucket, acts };
}

function groupOf(method: (typeof METHODS)[number]) {
  return method.toLowerCase() as Lowercase<typeof method>;
}

/** PUT and at once GET of the same objects, and they are gone: a round of all contenders would fill a disk. */
function largeScene(options: Options, objectBytes: number, streams: number): Scene {
  const volumeBytes = Math.min(options.volumeBytes, Math.max(TURN_BYTES, objectBytes * streams));
  const limits = { streams: [streams], volumeBytes };
  const turn: Act = (bench) => largeRows({ ...bench, options: { ...bench.options, ...limits } }, objectBytes);
  // Several gigabytes a turn are a sample by themselves, and minutes a round.
  const once = objectBytes * streams > TURN_BYTES && { roundsMax: 1 };
  return { groups: ['put', 'get'], ...once, prepare: needBucket, acts: () => [turn] };
}

function listScene(count: number): Scene {
  const layout = layoutOf(count);
  const kinds = [
    { id: `LIST ${formatCount(count)} flat`, delimiter: undefined },
    { id: `LIST ${formatCount(count)} by delimiter`, delimiter: '/' },
  ];
  return {
    groups: ['list'],
    prepare: (bench) => prepareListing(bench, layout),
    acts: () =>
      kinds.map((plan) => (bench) => runRow(bench, plan.id, () => replayWalkRow(bench, layout, plan))),
    clear: (bench) => removeBucket(bench, layout.bucket),
  };
}

function needBucket(bench: Bench): Promise<void> {
  return ensureBucket(bench.target, OBJECT_BUCKET);
}
