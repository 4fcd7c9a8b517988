/** Archives that lie: each is refused, or gives no wrong byte and takes no more memory than it is read with. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { isStoreError } from '../../errors.ts';
import { memory } from '../../memory.ts';
import { drain, rejects, sample, sameBytes } from '../../testing/context.ts';
import { zip } from '../../zip.ts';
import type { ZipArchive, ZipOptions } from '../../zip.ts';
import { makeZip } from './archives.fixtures.ts';

const HELLO = Buffer.from('hello, hello, hello, hello');

async function opened(bytes: Uint8Array, options?: ZipOptions): Promise<ZipArchive> {
  const store = memory();
  await store.put('a.zip', bytes);
  return zip({ store, key: 'a.zip' }, options);
}

suite('zip: hostile names', () => {
  const NAMES = ['../up', 'a/../../up', '..', '/root', 'C:\\x', 'c:x', 'a\\b', '..\\up', 'nul\0', ''];
  for (const name of NAMES) {
    test(`${JSON.stringify(name)} is refused, or left out`, async () => {
      const bytes = makeZip([
        { name: 'good', bytes: HELLO },
        { name, bytes: HELLO },
      ]);
      await rejects(opened(bytes), 'InvalidKey');
      const store = await opened(bytes, { lenient: true });
      const entries = await drain(store.list());
      assert.deepEqual(
        entries.map((entry) => (entry.type === 'object' ? entry.key : '')),
        ['good'],
      );
      await store.close();
    });
  }

  test('they cannot be put', async () => {
    await using store = await zip({ store: memory(), key: 'a.zip' });
    for (const name of NAMES) await rejects(store.put(name, 'x'), 'InvalidKey');
    await store.put('a..b/...', 'x');
  });

  test('one name twice is refused, or the later counts', async () => {
    const bytes = makeZip([
      { name: 'a', bytes: HELLO },
      { name: 'a', bytes: Buffer.from('later') },
    ]);
    await rejects(opened(bytes), 'Corrupt');
    await using store = await opened(bytes, { lenient: true });
    assert.equal(await store.get('a').text(), 'later');
  });

  test('another name in front of the bytes than in the directory', async () => {
    await using store = await opened(makeZip([{ name: 'good', bytes: HELLO, localName: 'evil' }]));
    await rejects(store.get('good').bytes(), 'Corrupt');
  });

  test('a name that says that it is UTF-8, and is not', async () => {
    const name = Uint8Array.of(0xff, 0xfe);
    await rejects(opened(makeZip([{ name, bytes: HELLO, flags: 0x800 }])), 'Corrupt');
  });
});

suite('zip: bombs', () => {
  test('entries that share their bytes', async () => {
    const bytes = makeZip([
      { name: 'a', bytes: HELLO },
      { name: 'b', bytes: HELLO, offset: 0 },
    ]);
    await rejects(opened(bytes), 'Corrupt');
  });

  test('an entry around another, as its bytes', async () => {
    const inner = makeZip([{ name: 'b', bytes: HELLO }]);
    const packed = deflateRawSync(HELLO).byteLength;
    const bytes = makeZip([
      { name: 'a', bytes: inner.subarray(0, 31 + packed), method: 0 },
      { name: 'b', bytes: HELLO, offset: 31 },
    ]);
    await rejects(opened(bytes), 'Corrupt');
  });

  test('more claimed than deflate can give', async () => {
    await rejects(opened(makeZip([{ name: 'a', bytes: HELLO, size: 1_000_000 }])), 'Corrupt');
    const zeros = makeZip([{ name: 'a', bytes: new Uint8Array(1_000_000) }]);
    sameBytes(await (await opened(zeros)).get('a').bytes(), new Uint8Array(1_000_000));
    await rejects(opened(zeros, { ratioMax: 100 }), 'Corrupt');
  });

  test('more in it than is claimed: no more than that is unpacked', async () => {
    for (const size of [HELLO.byteLength - 1, 10]) {
      await using store = await opened(makeZip([{ name: 'a', bytes: HELLO, size }]));
      await rejects(store.get('a').bytes(), 'Corrupt');
    }
    await using large = await opened(makeZip([{ name: 'a', bytes: sample(2_000_000), size: 1_000_000 }]));
    await rejects(large.get('a').bytes(), 'Corrupt');
    const into = new Uint8Array(1_000_000);
    await rejects(large.readInto('a', into), 'Corrupt');
  });

  test('of what unpacks to far more than it claims no more than that is given', async () => {
    const zeros = makeZip([{ name: 'a', bytes: new Uint8Array(30_000_000), size: 1_000_000 }]);
    await using store = await opened(zeros);
    let given = 0;
    const reading = async (): Promise<void> => {
      for await (const chunk of await store.get('a')) given += chunk.byteLength;
    };
    await rejects(reading(), 'Corrupt');
    assert.ok(given <= 1_000_000, `${given} bytes were given`);
  });

  test('less in it than is claimed', async () => {
    for (const bytes of [HELLO, sample(2_000_000)]) {
      await using store = await opened(makeZip([{ name: 'a', bytes, size: bytes.byteLength + 1 }]));
      await rejects(store.get('a').bytes(), 'Corrupt');
    }
  });

  test('more entries, or a larger directory, than is allowed', async () => {
    const bytes = makeZip([1, 2, 3].map((i) => ({ name: `${i}`, bytes: HELLO })));
    await rejects(opened(bytes, { entriesMax: 2 }), 'TooLarge');
    await rejects(opened(bytes, { directoryBytesMax: 100 }), 'TooLarge');
    await (await opened(bytes, { entriesMax: 3 })).close();
  });

  test('a directory that claims other numbers than it has', async () => {
    const entries = [{ name: 'a', bytes: HELLO }];
    await rejects(opened(makeZip(entries, { count: 2 })), 'Corrupt');
    await rejects(opened(makeZip(entries, { count: 0 })), 'Corrupt');
    await rejects(opened(makeZip(entries, { bytes: 0xffff_fff0 })), 'TooLarge', 'Corrupt');
    await rejects(opened(makeZip(entries, { bytes: 100_000 })), 'Corrupt');
    await rejects(opened(makeZip(entries, { offset: 100_000 })), 'Corrupt');
    await rejects(opened(makeZip(entries, { disk: 1 })), 'Unsupported');
  });
});

suite('zip: damaged', () => {
  test('what is no archive', async () => {
    await rejects(opened(new Uint8Array(0)), 'Corrupt');
    await rejects(opened(sample(100_000)), 'Corrupt');
  });

  test('cut off anywhere', async () => {
    const bytes = makeZip([
      { name: 'a', bytes: HELLO },
      { name: 'b', bytes: HELLO, method: 0 },
    ]);
    for (let size = 0; size < bytes.byteLength; size++)
      await rejects(opened(bytes.subarray(0, size)), 'Corrupt');
  });

  test('a wrong checksum, when all of it is read', async () => {
    for (const method of [0, 8]) {
      for (const bytes of [HELLO, sample(2_000_000)]) {
        await using store = await opened(makeZip([{ name: 'a', bytes, method, crc: 1 }]));
        await rejects(store.get('a').bytes(), 'Corrupt');
      }
    }
  });

  test('a method that nobody knows', async () => {
    await using store = await opened(makeZip([{ name: 'a', bytes: HELLO, method: 14 }]));
    await rejects(store.get('a').bytes(), 'Unsupported');
  });

  test('a comment that holds another end is a comment to nobody', async () => {
    // All programs look from the end: what they find first is what counts.
    const comment = makeZip([]);
    await using store = await opened(makeZip([{ name: 'a', bytes: HELLO }], { comment }));
    assert.deepEqual(await drain(store.list()), []);
  });

  test('attributes that would break a header are not believed', async () => {
    const payload = Buffer.concat([
      Buffer.from([1]),
      Buffer.alloc(16),
      Buffer.from(JSON.stringify({ contentType: 'a\r\nb: c' })),
    ]);
    const extra = Buffer.concat([Buffer.from([0x43, 0x73, payload.byteLength, 0]), payload]);
    await using store = await opened(makeZip([{ name: 'a', bytes: HELLO, extra }]));
    assert.deepEqual((await store.head('a')).attributes, {});
  });

  test('any bit turned: an error, or the right bytes', async () => {
    const contents = new Map<string, Uint8Array>([
      ['stored', sample(300)],
      ['deflated', Buffer.from('text '.repeat(100))],
      ['empty', new Uint8Array(0)],
    ]);
    const good = makeZip(
      [...contents].map(([name, bytes]) => ({ name, bytes, method: name === 'stored' ? 0 : 8 })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.byteLength - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 3,
        }),
        async (turns) => {
          const bytes = good.slice();
          for (const [at, bits] of turns) bytes[at] = (bytes[at] ?? 0) ^ bits;
          try {
            const store = await opened(bytes);
            for (const entry of await drain(store.list())) {
              if (entry.type !== 'object') continue;
              const found = await store.get(entry.key).bytes();
              // A name may be turned into another; bytes are those of one of them.
              assert.ok([...contents.values()].some((content) => Buffer.compare(content, found) === 0));
            }
          } catch (error) {
            assert.ok(isStoreError(error), String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
