/** Random calls of a store, and a session that makes them and says what came of it in a form that can be compared. */

import fc from 'fast-check';
import { collect } from '../body.ts';
import type { Body } from '../body.ts';
import type { Capabilities } from '../capabilities.ts';
import { isStoreError } from '../errors.ts';
import type { Attributes, ByteRange, ObjectInfo, ObjectStore, PutMode } from '../object-store.ts';
import { sample, stream } from '../testing/context.ts';

export interface Operation {
  /** for messages */
  readonly what: string;
  readonly isStream: boolean;
  run: (session: Session) => Promise<unknown>;
}

/** Which etag a condition names: one that a write of this session gave, counted from the last, or one that nobody has. */
type EtagRef = number;

type ModeRef = 'overwrite' | 'create' | { readonly ifMatch: EtagRef };

export class Session {
  readonly store: ObjectStore;
  readonly can: Capabilities;
  readonly #etags: string[] = [];

  /** @param can what both of two sessions that are compared can do */
  constructor(store: ObjectStore, can: Capabilities = store.capabilities) {
    this.store = store;
    this.can = can;
  }

  async run(step: Operation): Promise<unknown> {
    try {
      return await step.run(this);
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return { code: error.code, bytesNeeded: error.bytesNeeded };
    }
  }

  etag(ref: EtagRef | undefined): string | undefined {
    return ref === undefined ? undefined : (this.#etags.at(-1 - ref) ?? 'nobody’s');
  }

  mode(ref: ModeRef): PutMode {
    return typeof ref === 'string' ? ref : { ifMatch: this.etag(ref.ifMatch) ?? '' };
  }

  /** An answer to a write, as far as two stores can agree on it. */
  wrote(info: ObjectInfo): unknown {
    this.#etags.push(info.etag);
    return shown(info);
  }
}

function shown({ key, size, attributes }: ObjectInfo): unknown {
  return { key, size, attributes: { ...attributes, metadata: { ...attributes.metadata } } };
}

const key = fc.constantFrom('a', 'a/', 'a/b', 'a/b/c', 'a0', 'b', 'é', '～', '🚰/x', '.cistern', '__proto__');
const anyKey = fc.oneof(
  { weight: 30, arbitrary: key },
  { weight: 1, arbitrary: fc.constantFrom('', 'nul\0', '.cistern/x', '\ud800') },
);
/** Around the sizes of blocks and frames, and small. */
const size = fc.oneof(
  fc.constantFrom(0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 131_072),
  fc.nat(20),
  fc.nat(150_000),
);
const etag: fc.Arbitrary<EtagRef> = fc.constantFrom(0, 0, 1, 2, 99);
const maybeEtag = fc.option(etag, { nil: undefined, freq: 4 });
const mode: fc.Arbitrary<ModeRef> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('overwrite' as const) },
  { weight: 1, arbitrary: fc.constant('create' as const) },
  { weight: 2, arbitrary: etag.map((ifMatch) => ({ ifMatch })) },
);
const attributes: fc.Arbitrary<Attributes | undefined> = fc.constantFrom<(Attributes | undefined)[]>(
  undefined,
  { contentType: 'text/plain' },
  { contentLanguage: 'de', metadata: { Colour: 'blü' } },
  { metadata: { 'no good': 'x' } },
);
const range: fc.Arbitrary<ByteRange | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.nat(140_000).map((start) => ({ start })),
  fc.tuple(fc.nat(70_000), fc.nat(70_000)).map(([start, count]) => ({ start, end: start + count })),
  fc.nat(70_000).map((suffix) => ({ suffix })),
);

function named(what: string, given: unknown, run: Operation['run'], isStream = false): Operation {
  return { what: `${what} ${JSON.stringify(given)}`, isStream, run };
}

const put = fc
  .record({ key: anyKey, size, seed: fc.nat(9), mode, attributes, isStream: fc.boolean() })
  .map((given) =>
    named(
      'put',
      given,
      async (session) => {
        const options = { mode: session.mode(given.mode), attributes: given.attributes, size: given.size };
        return session.wrote(await session.store.put(given.key, bodyOf(given), options));
      },
      given.isStream,
    ),
  );

/** With nothing else wrong: of two mistakes either may be found first. */
const putOfWrongSize = fc
  .record({ key, size, seed: fc.nat(9), isStream: fc.boolean() })
  .map((given) =>
    named(
      'put, wrong size',
      given,
      async (session) => session.store.put(given.key, bodyOf(given), { size: given.size + 1 }),
      given.isStream,
    ),
  );

function bodyOf(given: { readonly size: number; readonly seed: number; readonly isStream: boolean }): Body {
  const bytes = sample(given.size, given.seed);
  return given.isStream ? stream(bytes) : bytes;
}

const get = fc
  .record({ key: anyKey, range, ifMatch: maybeEtag, ifNoneMatch: maybeEtag, head: fc.boolean() })
  .map((given) =>
    named('get', given, async (session) => {
      const read = await session.store.get(given.key, {
        head: given.head,
        range: given.range,
        ifMatch: session.etag(given.ifMatch),
        ifNoneMatch: session.etag(given.ifNoneMatch),
      });
      const body = Buffer.from(await collect(read.body));
      return [shown(read.info), { ...read.range }, body.toString('base64url')];
    }),
  );

const readInto = fc
  .record({
    key: anyKey,
    whole: fc.boolean(),
    targets: fc.array(fc.tuple(fc.nat(70_000), fc.nat(10_000)), { maxLength: 4 }),
    room: size,
    ifMatch: maybeEtag,
  })
  .map((given) =>
    named('readInto', given, async (session) => {
      const targets = given.whole
        ? [{ start: 0, into: new Uint8Array(given.room) }]
        : given.targets.map(([start, count]) => ({ start, into: new Uint8Array(count) }));
      const info = await session.store.readInto(given.key, targets, {
        whole: given.whole,
        ifMatch: session.etag(given.ifMatch),
      });
      return [shown(info), targets.map(({ into }) => Buffer.from(into).toString('base64url'))];
    }),
  );

const list = fc
  .record({
    prefix: fc.constantFrom(undefined, '', 'a', 'a/', 'a/b', 'z', '🚰'),
    startAfter: fc.option(fc.oneof(key, fc.constantFrom('', 'a/bb', 'zz')), { nil: undefined }),
    delimiter: fc.constantFrom(undefined, '', '/', 'b/'),
  })
  .map((given) =>
    named('list', given, async (session) => {
      const entries: unknown[] = [];
      for await (const entry of session.store.list(given)) {
        entries.push(entry.type === 'object' ? [entry.key, entry.size] : [entry.prefix]);
      }
      return entries;
    }),
  );

const remove = fc.array(anyKey, { maxLength: 5 }).map((keys) =>
  named('delete', keys, async (session) => {
    const results: string[] = [];
    for await (const { key: deleted, error } of session.store.delete(keys)) {
      results.push(`${JSON.stringify(deleted)} ${error?.code} ${JSON.stringify(error?.key)}`);
    }
    return results.sort();
  }),
);

const copy = fc.record({ from: anyKey, to: key, mode, ifMatch: maybeEtag, attributes }).map((given) =>
  named('copy', given, async (session) =>
    session.wrote(
      await session.store.copy(given.from, given.to, {
        mode: session.mode(given.mode),
        ifMatch: session.etag(given.ifMatch),
        attributes: given.attributes,
      }),
    ),
  ),
);

const upload = fc
  .record({
    key: anyKey,
    partSize: fc.constantFrom(1000, 4096, 50_000),
    writes: fc.array(fc.tuple(size, fc.boolean()), { maxLength: 5 }),
    range,
    end: fc.constantFrom('complete', 'abort', 'resume'),
    mode,
    attributes,
  })
  .map((given) =>
    named('upload', given, async (session) => {
      if (!session.can.uploads) {
        if (session.store.capabilities.uploads) return 'Unsupported';
        return session.store.upload('a').catch((error: unknown) => isStoreError(error) && error.code);
      }
      return runUpload(session, given);
    }),
  );

async function runUpload(
  session: Session,
  given: {
    readonly key: string;
    readonly partSize: number;
    readonly writes: readonly (readonly [number, boolean])[];
    readonly range: ByteRange | undefined;
    readonly end: string;
    readonly mode: ModeRef;
    readonly attributes: Attributes | undefined;
  },
): Promise<unknown> {
  const { store } = session;
  const { partSize, attributes: kept } = given;
  const seen: unknown[] = [];
  let up = await store.upload(given.key, { partSize, attributes: kept });
  try {
    for (const [index, [count, flushes]] of given.writes.entries()) {
      await up.write(sample(count, index));
      if (flushes) seen.push(await up.flush());
    }
    seen.push(await up.flush(), up.committed, up.partSize);
    const reader = await store.openUpload(given.key, up.id);
    seen.push(
      await collect(reader.read(given.range)).then(
        (bytes) => Buffer.from(bytes).toString('base64url'),
        (error: unknown) => isStoreError(error) && error.code,
      ),
    );
    for await (const entry of store.listUploads()) seen.push(entry.key);
    if (given.end === 'resume') {
      await up.detach();
      up = await store.upload(given.key, { resume: up.id });
      await up.write('resumed');
    }
    if (given.end !== 'abort')
      seen.push(session.wrote(await up.complete({ mode: session.mode(given.mode) })));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    seen.push(error.code);
  }
  // Of one that is complete nothing is left to abort.
  await up.abort();
  return seen;
}

export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: put },
    { weight: 1, arbitrary: putOfWrongSize },
    { weight: 5, arbitrary: get },
    { weight: 3, arbitrary: readInto },
    { weight: 3, arbitrary: list },
    { weight: 1, arbitrary: remove },
    { weight: 2, arbitrary: copy },
    { weight: 2, arbitrary: upload },
  ),
  { maxLength: 25 },
);
