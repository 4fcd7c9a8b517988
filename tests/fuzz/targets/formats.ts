/** @module What stores have stored, and damage has changed: every reader says so, and none gives other bytes. */

import { memory } from '@cistern/store';
import type { ObjectStore, Store } from '@cistern/store';
import { checksum, compress, encrypt } from '@cistern/store/layers';

import {
  compressFrame,
  decompressFrame,
  encodeFrameMap,
  FrameMap,
} from '../../../packages/server/src/blobs/codecs/zstd-frames.ts';
import { DamagedBlob } from '../../../packages/server/src/blobs/damaged-blob.ts';
import { parseDocument } from '../../../packages/store/src/backends/files/document.ts';
import { encodeHeader, readHeader } from '../../../packages/store/src/backends/hashed/header.ts';
import {
  blockEnd,
  blockName,
  readBlock,
  stateName,
} from '../../../packages/store/src/layers/cache/block-format.ts';
import { decodeState, encodeState, limitOf } from '../../../packages/store/src/uploads/upload-state.ts';
import { Random } from '../random.ts';
import type { FuzzTarget } from '../target.ts';
import { must, mustEqual, storeOutcome } from '../target.ts';

/** Half of it shrinks. Objects are beginnings of it. */
const PLAIN = Buffer.concat([
  new Random('plain').bytes(70_000),
  Buffer.alloc(70_000, 'plain '),
  new Random('more').bytes(60_000),
]);

/**
 * A layer that proves what it reads: whatever bytes are below it, what comes out is one of the objects that were written, or
 * nothing.
 */
function layered(name: string, layer: (below: ObjectStore) => Store, sizes: readonly number[]): FuzzTarget {
  const below = memory();
  const store = layer(below);
  const plains = sizes.map((size) => PLAIN.subarray(0, size));
  return {
    name,
    seeds: async () => {
      const seeds: Buffer[] = [];
      for (const plain of plains) {
        await store.put('seed', plain);
        seeds.push(Buffer.from(await below.get('seed').bytes()));
      }
      return seeds;
    },
    tokens: [
      '\0\0\0\0',
      '\xff\xff\xff\xff',
      '\x01',
      'CISTNENC',
      'CISTNZST',
      '\x5c\x2a\x4d\x18',
      '\x28\xb5\x2f\xfd',
    ],
    bytesMax: 300_000,
    allocatedMax: 48 * 1024 * 1024,
    run: async (input, random) => {
      await below.put('key', input);
      const whole = await storeOutcome(() => store.get('key').bytes());
      if (whole !== undefined)
        must(
          plains.some((plain) => plain.equals(whole)),
          'other bytes were read than were written',
        );
      const start = random.below(random.oneIn(2) ? 1000 : PLAIN.length);
      const range = { start, end: start + 1 + random.below(100_000) };
      const part = await storeOutcome(() => store.get('key', { range }).bytes());
      if (part === undefined) return;
      must(
        plains.some((plain) => plain.subarray(range.start, range.end).equals(part)),
        'a range has other bytes than were written',
      );
    },
  };
}

const KEYS = { one: Buffer.alloc(32, 1) };

const hashedHeader: FuzzTarget = {
  name: 'hashed-header',
  seeds: () => [
    Buffer.from(encodeHeader('a/b', {})),
    Buffer.from(encodeHeader('é', { contentType: 'text/plain', metadata: { a: 'b', ['__proto__']: 'c' } })),
  ],
  tokens: [
    'null',
    '[]',
    '{}',
    '""',
    '"key":',
    '"attributes":',
    '"metadata":',
    ',',
    '1',
    '__proto__',
    'cistern\x01',
  ],
  bytesMax: 4096,
  allocatedMax: 2 * 1024 * 1024,
  run: async (input) => {
    const handle = {
      read: (into: Buffer, at: number, length: number, position: number) =>
        Promise.resolve({ bytesRead: input.copy(into, at, position, position + length) }),
    };
    const header = await storeOutcome(() =>
      readHeader(handle as unknown as Parameters<typeof readHeader>[0]),
    );
    if (header === undefined) return;
    must(typeof header.key === 'string', 'a key is text');
    must(typeof header.attributes === 'object' && header.attributes !== null, 'attributes are an object');
    must(header.size <= input.length, 'a header is not longer than its file');
  },
};

const uploadState: FuzzTarget = {
  name: 'upload-state',
  seeds: () =>
    [
      { phase: 'open', writers: [{ epoch: 1, from: 0 }], claim: { epoch: 2, from: 5 } } as const,
      {
        phase: 'sealed',
        writers: [
          { epoch: 1, from: 0 },
          { epoch: 3, from: 9 },
        ],
        size: 12,
      } as const,
      { phase: 'complete', writers: [], etag: 'e', size: 0 } as const,
    ].map((changes) =>
      Buffer.from(
        encodeState({
          format: 1,
          key: 'k',
          partSize: 5,
          attributes: { contentType: 'a/b' },
          startedAt: 1,
          owner: 'o',
          ...changes,
        }),
      ),
    ),
  tokens: [
    'null',
    '[]',
    '{}',
    '""',
    '"writers":',
    '"claim":',
    '"phase":',
    ',',
    '1',
    '-1',
    '1e9',
    '"epoch":',
    '"from":',
    'true',
    '__proto__',
  ],
  bytesMax: 4096,
  run: async (input) => {
    const state = await storeOutcome(() => Promise.try(() => decodeState(input, 'key')));
    if (state === undefined) return;
    for (const epoch of [0, 1, 2, 3]) must(limitOf(state, epoch) >= 0, 'parts end at a number');
    const again = decodeState(encodeState(state), 'key');
    mustEqual(JSON.stringify(again), JSON.stringify(state), 'the state, written and read again');
  },
};

const sidecar: FuzzTarget = {
  name: 'store-documents',
  seeds: () => [
    Buffer.from('{"version":1,"attributes":{"contentType":"a/b","metadata":{"a":"b","__proto__":"c"}}}'),
  ],
  tokens: ['null', '[]', '{}', '""', '"version":1', '"metadata":', ',', '1'],
  bytesMax: 4096,
  run: async (input) => {
    const document = await storeOutcome(() => Promise.try(() => parseDocument(input.toString(), 1, 'It')));
    if (document !== undefined) must('version' in document && document.version === 1, 'the version');
    must(!('a' in {}), 'no prototype is changed');
  },
};

const INFO = {
  key: 'a/b',
  size: 5,
  etag: 'e',
  lastModified: new Date(0),
  attributes: { contentType: 'a/b' },
};
const BLOCK = blockName(stateName(INFO), 0);

const cacheBlock: FuzzTarget = {
  name: 'cache-block',
  seeds: () =>
    [5, 500].map((size) =>
      Buffer.concat([PLAIN.subarray(0, size), blockEnd(BLOCK, PLAIN.subarray(0, size), INFO)]),
    ),
  tokens: ['\0\0\0\0', '\xff\xff\xff\xff', 'CCB1', '{}', 'null'],
  bytesMax: 4096,
  run: (input) => {
    const block = readBlock(BLOCK, input);
    if (block !== undefined)
      must(
        [5, 500].some((size) => PLAIN.subarray(0, size).equals(block.bytes)),
        'another block was read',
      );
  },
};

/** A byte for the size, the map, and a frame: what a row and a file of the server have of a compressed blob. */
const zstdFrames: FuzzTarget = {
  name: 'zstd-frames',
  seeds: () =>
    Promise.all(
      [0, 1, 1000, 80_000].map(async (size, index) => {
        const frame = await compressFrame(PLAIN.subarray(0, size));
        return Buffer.concat([Buffer.of(index), encodeFrameMap(size === 0 ? [] : [frame.length]), frame]);
      }),
    ),
  tokens: ['\0\0\0\0', '\xff\xff\xff', '\x28\xb5\x2f\xfd', '\x01'],
  bytesMax: 200_000,
  run: async (input) => {
    const sizes = [0, 1, 1000, 80_000];
    const logical = sizes[(input[0] ?? 0) % sizes.length] ?? 0;
    const mapEnd = logical === 0 ? 5 : 8;
    try {
      const map = new FrameMap(input.subarray(1, mapEnd), logical);
      if (logical === 0) return;
      const frame = map.at(logical - 1);
      must(
        frame.length > 0 && frame.position + frame.length === logical,
        'the last frame ends with the blob',
      );
      const bytes = await decompressFrame(input.subarray(mapEnd), frame.length);
      mustEqual(bytes.length, frame.length, 'bytes of the frame');
      if (frame.position === 0)
        must(PLAIN.subarray(0, logical).equals(bytes), 'a frame has other bytes than were written');
    } catch (error) {
      if (!(error instanceof DamagedBlob)) throw error;
    }
  },
};

export const FORMATS: readonly FuzzTarget[] = [
  layered(
    'encrypt',
    (below) => encrypt({ keys: KEYS, current: 'one' }, below),
    [0, 1000, 1001, 3000, 70_000],
  ),
  layered('compress', (below) => compress({ frameBytes: 16_384 }, below), [0, 1000, 3000, 20_000, 90_000]),
  layered('checksum', (below) => checksum('sha256', below), [0, 1000, 1001, 3000, 70_000]),
  hashedHeader,
  uploadState,
  sidecar,
  cacheBlock,
  zstdFrames,
];
