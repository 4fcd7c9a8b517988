/** @module What steps choose from: few keys, so that states collide, and sizes at the edges of how bytes are kept. */

import fc from 'fast-check';

import type { Attributes, Data, Model, ModelBucket } from './model.ts';
import type { Real } from './real.ts';

export type Step = fc.AsyncCommand<Model, Real>;

/**
 * A kind of step: what it chooses, and what it does with that. The name stands in the report of a failure.
 *
 * @param matters whether something is there that it is about; where it says no, the step is mostly left out, or runs would
 * be made of requests for what does not exist
 */
export function step<P>(
  name: string,
  params: fc.Arbitrary<P>,
  run: (params: P, model: Model, real: Real) => Promise<void>,
  matters: (params: P, model: Model) => boolean = () => true,
): fc.Arbitrary<Step> {
  return fc.tuple(params, fc.nat(7)).map(([chosen, patience]) => {
    const text = `${name} ${JSON.stringify(chosen)}`;
    return {
      check: (model) => patience === 0 || matters(chosen, model),
      run: async (model, real) => {
        real.count();
        try {
          await run(chosen, model, real);
        } catch (error) {
          throw new Error(`${text}: ${(error as Error).message}`, { cause: error });
        }
      },
      toString: () => text,
    };
  });
}

/** For `matters`: the key has versions. */
export const isThere = ({ b, key: of }: { b: number; key: string }, model: Model): boolean =>
  model.bucket(b).keys.has(of);

/** 2 is a fork, when there is one. */
export const bucketIndex = fc.constantFrom(0, 0, 0, 1, 2);
export const key = fc.constantFrom('a', 'a', 'a', 'a', 'b', 'b', 'a/b', 'a/c', 'é');
export const where = { b: bucketIndex, key };

const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 65_535, max: 65_537 }) },
  { weight: 1, arbitrary: fc.integer({ min: 70_000, max: 150_000 }) },
);
/** Few offsets, so that the same bytes come again. */
export const body = fc.record({ offset: fc.nat(3), size });

export const tags = fc.constantFrom<Attributes['tags']>({}, {}, {}, { a: '1' }, { a: '2', 'b c': 'ü+=/' });
export const attributes: fc.Arbitrary<Attributes> = fc.record({
  contentType: fc.constantFrom('text/plain', 'image/png'),
  note: fc.constantFrom(undefined, undefined, 'one', 'two'),
  tags,
});

/** Which version of a key is meant: none is named, the null one, one that it has, or an id from anywhere. */
export type VersionRef = null | 'null' | { readonly nth: number } | { readonly any: number };

export const versionRef: fc.Arbitrary<VersionRef> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constant('null' as const) },
  { weight: 3, arbitrary: fc.record({ nth: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ any: fc.nat(20) }) },
);

/** Undefined: none is named. */
export function resolveVersion(
  model: Model,
  bucket: ModelBucket,
  { key: of, ref }: { key: string; ref: VersionRef },
): string | undefined {
  if (ref === null || ref === 'null') return ref ?? undefined;
  const ids = 'nth' in ref ? bucket.versionsOf(of).map(({ id }) => id) : model.ids;
  return ids.length === 0 ? 'null' : ids[('nth' in ref ? ref.nth : ref.any) % ids.length];
}

/** As a query. */
export const versionQuery = (id: string | undefined): Record<string, string> =>
  id === undefined ? {} : { versionId: id };

const OTHER_ETAG = '0'.repeat(32);

/** A condition on a write's key. */
export type WriteCondition = null | 'absent' | 'match' | 'mismatch';
export const writeCondition = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.constantFrom<WriteCondition>('absent', 'match', 'mismatch') },
);

export function writeConditionHeaders(
  condition: WriteCondition,
  current: Data | undefined,
): Record<string, string> {
  if (condition === null) return {};
  if (condition === 'absent') return { 'if-none-match': '*' };
  return { 'if-match': `"${condition === 'match' ? (current?.etag ?? OTHER_ETAG) : OTHER_ETAG}"` };
}

/** @returns 404 or 412, or undefined when it holds */
export function writeConditionFault(
  condition: WriteCondition,
  current: Data | undefined,
): readonly [number, string][] {
  if (condition === null) return [];
  if (condition === 'absent') return current === undefined ? [] : [[412, 'PreconditionFailed']];
  if (current === undefined) return [[404, 'NoSuchKey']];
  return condition === 'match' ? [] : [[412, 'PreconditionFailed']];
}

/** A condition on what is read. */
export const readCondition = fc.constantFrom(
  null,
  null,
  null,
  'match',
  'mismatch',
  'none-match',
  'none-other',
);

/** @param prefix `x-amz-copy-source-` or the like */
export function readConditionHeaders(
  condition: string | null,
  version: Data | undefined,
  prefix = '',
): Record<string, string> {
  if (condition === null) return {};
  const same = condition === 'match' || condition === 'none-match';
  const etag = same ? (version?.etag ?? OTHER_ETAG) : OTHER_ETAG;
  return { [`${prefix}${condition.startsWith('none') ? 'if-none-match' : 'if-match'}`]: `"${etag}"` };
}

export const readConditionFails = (condition: string | null): boolean =>
  condition === 'mismatch' || condition === 'none-match';
