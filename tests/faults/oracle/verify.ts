/**
 * @module Holds a server to the oracle's log: what was acknowledged is there and whole, what was not is old or new, never
 * a mixture; listings, versions and open uploads say the same. Nobody may write meanwhile.
 */

import { sha256Hex } from '../../support/s3.ts';
import type { S3, S3Response } from '../../support/s3.ts';
import { elements, text } from '../../support/xml.ts';
import { ABSENT } from './key-history.ts';
import type { Line, LoggedVersion } from './log.ts';
import { withChange } from './model.ts';
import type { OracleModel, VersionedKey } from './model.ts';
import { BUCKETS } from './profile.ts';

/** Requests at once. */
const READERS = 16;

export interface Verdict {
  /** Whatever must not be; empty when all is well. */
  readonly problems: string[];
  /** What was found, for a log that begins anew. */
  readonly found: Line[];
  /** Objects and versions whose bytes were read. */
  readonly read: number;
}

/** @param all reads all bytes; otherwise only those of keys that something was asked of since the last time */
export async function verifyServer(s3: S3, model: OracleModel, all: boolean): Promise<Verdict> {
  const check = new Check(s3, model, all);
  await check.plain();
  await check.versions();
  await check.uploads();
  return check;
}

interface Listed {
  readonly etag: string;
  readonly size: number;
}

interface ListedVersion extends Listed {
  readonly id: string;
  readonly marker: boolean;
  readonly latest: boolean;
}

class Check implements Verdict {
  readonly problems: string[] = [];
  readonly found: Line[] = [];
  read = 0;
  readonly #s3: S3;
  readonly #model: OracleModel;
  readonly #all: boolean;

  constructor(s3: S3, model: OracleModel, all: boolean) {
    this.#s3 = s3;
    this.#model = model;
    this.#all = all;
  }

  async plain(): Promise<void> {
    const listed = new Map<string, Listed>();
    for await (const { text: xml } of this.#pages(BUCKETS.plain, { 'list-type': '2' }, nextPage))
      for (const entry of elements(xml, 'Contents')) listed.set(text(entry, 'Key') ?? '', listedOf(entry));
    const states = new Map<string, string>();
    await eachAtOnce([...this.#model.plain], async ([key, { history, etag }]) => {
      const entry = listed.get(key);
      listed.delete(key);
      if (!this.#all && etag !== undefined) {
        // As it was found before: the listing says enough.
        if ((entry?.etag ?? null) !== etag) this.#wrong(key, `is listed as ${entry?.etag}, was ${etag}`);
        const [state = ABSENT] = history.allowed();
        this.#keep(key, state, etag);
        return;
      }
      const response = await this.#s3.object('GET', BUCKETS.plain, key);
      const state = this.#stateOf(key, response);
      const allowed = history.allowed();
      if (!allowed.has(state))
        this.#wrong(key, `is ${state}; acknowledged or in flight: ${[...allowed].join(', ')}`);
      this.#expectListed(key, entry, state === ABSENT ? undefined : response);
      states.set(key, state);
      this.#keep(key, state, response.headers['etag'] ?? null);
    });
    for (const key of listed.keys()) this.#wrong(key, 'is listed, and nobody wrote it');
    this.#expectWholeGroups(states);
  }

  /** Of what changes several keys at once nothing may be half done. */
  #expectWholeGroups(states: ReadonlyMap<string, string>): void {
    for (const { does, changes } of this.#model.openGroups()) {
      const done = changes.map(({ key, before, after }) => {
        const state = states.get(key) ?? ABSENT;
        if (before.size === 0) return undefined;
        return state === after ? true : before.has(state) ? false : undefined;
      });
      if (done.includes(true) && done.includes(false))
        this.#wrong(changes.map(({ key }) => key).join(' and '), `${does} was half done`);
    }
  }

  async versions(): Promise<void> {
    const listed = new Map<string, ListedVersion[]>();
    for await (const { text: xml } of this.#pages(BUCKETS.versions, { versions: '' }, nextVersions)) {
      for (const [, name, entry = ''] of xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)) {
        const key = text(entry, 'Key') ?? '';
        const list = listed.get(key) ?? [];
        listed.set(key, list);
        list.push({
          ...listedOf(entry),
          id: text(entry, 'VersionId') ?? '',
          marker: name === 'DeleteMarker',
          latest: text(entry, 'IsLatest') === 'true',
        });
      }
    }
    await eachAtOnce([...this.#model.versioned], async ([key, expected]) => {
      await this.#versionsOf(key, expected, listed.get(key) ?? []);
      listed.delete(key);
    });
    for (const key of listed.keys()) this.#wrong(key, 'has versions, and nobody wrote it');
  }

  async #versionsOf(
    key: string,
    { list, open, touched }: VersionedKey,
    listed: readonly ListedVersion[],
  ): Promise<void> {
    const latest = listed.map((version) => version.latest);
    if (latest.lastIndexOf(true) > 0 || (listed.length > 0 && latest[0] !== true))
      this.#wrong(key, 'does not list its newest version as the latest');
    const known = new Map(list);
    const found: LoggedVersion[] = [];
    for (const version of listed) {
      const { id, marker } = version;
      const before = known.get(id);
      if (marker || (!this.#all && !touched && typeof before === 'string')) {
        found.push([id, marker ? null : (before ?? null)]);
        continue;
      }
      const name = `${key} version ${id}`;
      const response = await this.#s3.object('GET', BUCKETS.versions, key, { query: { versionId: id } });
      const state = this.#stateOf(name, response);
      this.#expectListed(name, version, response);
      found.push([id, state]);
    }
    // The id of what was added and not acknowledged is the server's.
    const possible = [list, ...(open === undefined ? [] : [withChange(list, open, found[0]?.[0] ?? '')])];
    if (!possible.some((one) => JSON.stringify(one) === JSON.stringify(found)))
      this.#wrong(
        key,
        `has versions ${show(found)}; acknowledged or in flight: ${possible.map(show).join(' or ')}`,
      );
    if (found.length > 0) this.found.push({ versions: key, list: found });
  }

  /** Parts that were acknowledged are there as long as their upload is, and it is until it was asked to end. */
  async uploads(): Promise<void> {
    const listing = await this.#s3.bucket('GET', BUCKETS.plain, { query: { uploads: '' } });
    if (listing.status !== 200) this.#wrong('ListMultipartUploads', `answers ${listing.status}`);
    const open = new Map(
      elements(listing.text, 'Upload').map((entry) => [
        text(entry, 'UploadId') ?? '',
        text(entry, 'Key') ?? '',
      ]),
    );
    for (const [id, { key, parts, end }] of this.#model.uploads) {
      if (!open.has(id)) {
        if (end === 'none') this.#wrong(`the upload ${id} of ${key}`, 'is gone');
        continue;
      }
      if (end === 'acknowledged') this.#wrong(`the upload ${id} of ${key}`, 'has ended, and is listed');
      const response = await this.#s3.object('GET', BUCKETS.plain, key, { query: { uploadId: id } });
      const there = elements(response.text, 'Part').map((part) => [
        Number(text(part, 'PartNumber')),
        (text(part, 'ETag') ?? '').replaceAll('"', ''),
      ]);
      const etags = new Map(there as [number, string][]);
      for (const [number, etag] of parts) {
        if (etags.get(number) !== etag)
          this.#wrong(`part ${number} of the upload ${id} of ${key}`, `is ${etags.get(number)}, not ${etag}`);
      }
    }
    // They would hold their bytes for good.
    await eachAtOnce([...open], async ([uploadId, key]) => {
      const aborted = await this.#s3.object('DELETE', BUCKETS.plain, key, { query: { uploadId } });
      if (aborted.status !== 204)
        this.#wrong(`the upload ${uploadId}`, `cannot be aborted: ${aborted.status}`);
    });
  }

  #stateOf(name: string, response: S3Response): string {
    if (response.status === 404) return ABSENT;
    if (response.status !== 200) {
      this.#wrong(name, `cannot be read: ${response.status} ${response.text.slice(0, 300)}`);
      return `an answer of ${response.status}`;
    }
    this.read++;
    const state = sha256Hex(response.body);
    if (!this.#model.sent.has(state)) this.#wrong(name, `holds bytes that nobody wrote: ${state}`);
    return state;
  }

  #expectListed(name: string, entry: Listed | undefined, response: S3Response | undefined): void {
    const etag = response?.headers['etag'];
    if (entry?.etag !== etag || (response !== undefined && entry?.size !== response.body.length))
      this.#wrong(name, `is listed as ${entry?.etag} (${entry?.size}), and read as ${etag}`);
  }

  #keep(key: string, state: string, etag: string | null): void {
    if (state !== ABSENT) this.found.push({ holds: key, state, etag });
  }

  #wrong(what: string, how: string): void {
    this.problems.push(`${what} ${how}`);
  }

  async *#pages(
    bucket: string,
    query: Record<string, string>,
    next: (xml: string) => Record<string, string> | undefined,
  ): AsyncGenerator<S3Response> {
    let more: Record<string, string> | undefined = {};
    while (more !== undefined) {
      const page: S3Response = await this.#s3.bucket('GET', bucket, { query: { ...query, ...more } });
      if (page.status !== 200) {
        this.#wrong(`the listing of ${bucket}`, `answers ${page.status} ${page.text.slice(0, 300)}`);
        return;
      }
      yield page;
      more = text(page.text, 'IsTruncated') === 'true' ? next(page.text) : undefined;
    }
  }
}

function listedOf(entry: string): Listed {
  return { etag: text(entry, 'ETag') ?? '', size: Number(text(entry, 'Size')) };
}

const nextPage = (xml: string): Record<string, string> => ({
  'continuation-token': text(xml, 'NextContinuationToken') ?? '',
});

const nextVersions = (xml: string): Record<string, string> => ({
  'key-marker': text(xml, 'NextKeyMarker') ?? '',
  'version-id-marker': text(xml, 'NextVersionIdMarker') ?? '',
});

const show = (list: readonly LoggedVersion[]): string =>
  `[${list.map(([id, state]) => `${id} ${state?.slice(0, 8) ?? 'marker'}`).join(', ')}]`;

async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const reader = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: READERS }, reader));
}
