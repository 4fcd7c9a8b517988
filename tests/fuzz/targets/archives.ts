/** @module Zip archives of anybody: what is wrong with one is said, and what is read of it has the sizes and checksums that it claims. */

import { crc32 } from 'node:zlib';

import { memory } from '@cistern/store';
import { zip } from '@cistern/store/zip';

import type { FuzzTarget } from '../target.ts';
import { must, mustEqual, storeOutcome } from '../target.ts';

const ENTRIES_MAX = 100;

async function archive(
  entries: readonly (readonly [key: string, body: Buffer])[],
  compression: 'store' | 'deflate',
): Promise<Buffer> {
  const store = memory();
  const made = await zip({ store, key: 'a.zip' }, { compression });
  for (const [key, body] of entries) await made.put(key, body, { attributes: { metadata: { of: key } } });
  await made.close();
  return Buffer.from(await store.get('a.zip').bytes());
}

const zipTarget: FuzzTarget = {
  name: 'zip',
  seeds: () =>
    Promise.all([
      Promise.resolve(Buffer.from(`PK\x05\x06${'\0'.repeat(18)}`, 'latin1')),
      archive([['a', Buffer.from('stored')]], 'store'),
      archive(
        [
          ['a/b', Buffer.alloc(2000, 'deflated ')],
          ['é', Buffer.alloc(0)],
          ['c', Buffer.alloc(90_000, 'x')],
        ],
        'deflate',
      ),
    ]),
  tokens: [
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
    '\xff\xff',
    '\xff\xff\xff\xff',
    '\0\0',
    '../',
    '/',
    '\x01\0\x10\0',
    'up\x09\0\x01',
  ],
  bytesMax: 8192,
  // Deflate makes 1,032 bytes of one, and an entry is read as a stream.
  allocatedMax: 24 * 1024 * 1024,
  run: async (input) => {
    const store = memory();
    await store.put('a.zip', input);
    const opened = await storeOutcome(() => zip({ store, key: 'a.zip' }, { entriesMax: ENTRIES_MAX }));
    if (opened === undefined) return;
    const entries = await storeOutcome(() => Array.fromAsync(opened.list()));
    must((entries?.length ?? 0) <= ENTRIES_MAX, 'more entries than are allowed');
    for (const entry of entries ?? []) {
      if (entry.type !== 'object') continue;
      const { key, size } = entry;
      must(!/^\/|(?:^|\/)\.\.?(?:\/|$)|\\/.test(key), `${key} would leave its folder`);
      const bytes = await storeOutcome(() => opened.get(key).bytes());
      if (bytes !== undefined) mustEqual(bytes.byteLength, size, `bytes of ${key}`);
      if (bytes !== undefined)
        must(
          input.includes(crcBytes(bytes)),
          `${key} was read with a checksum that the archive does not have`,
        );
      if (size > 2) await storeOutcome(() => opened.get(key, { range: { start: 1, end: 2 } }).bytes());
    }
    await opened.close();
  },
};

function crcBytes(bytes: Uint8Array): Buffer {
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(bytes));
  return crc;
}

export const ARCHIVES: readonly FuzzTarget[] = [zipTarget];
