/**
 * @module One writer of the oracle's: does one operation after another. It leaves alone what it cannot know the state of,
 * until the server was looked at.
 */

import { encodeKey } from '@cistern/protocol';

import { md5Base64 } from '../../support/s3.ts';
import { seededChoice } from '../seeded.ts';
import { OracleClient } from './client.ts';
import type { Done, Load } from './client.ts';
import type { Content, Piece } from './contents.ts';
import { ABSENT } from './key-history.ts';
import { SOURCE, uploadParts } from './multipart.ts';
import { BUCKETS } from './profile.ts';
import type { OracleOperation } from './profile.ts';
import { linger, readOwn, readShared } from './reads.ts';

/** An object is appended to until it has so many pieces, or bytes. */
const PIECES_MAX = 6;
const APPEND_BYTES_MAX = 4 * 1024 * 1024;

/** So often nothing was found to do it on: there is nothing left whose state is known. */
const IDLE_MAX = 1_000;

export class Writer {
  readonly #load: Load;
  readonly #client: OracleClient;
  readonly #name: string;
  readonly #pick: (below: number) => number;

  /** @param index unlike that of any writer beside it; @param run unlike any that its keys had before */
  constructor(load: Load, { seed, run, index }: { seed: string; run: number; index: number }) {
    this.#load = load;
    this.#client = new OracleClient(load);
    this.#name = `w${index}`;
    this.#pick = seededChoice(`${seed} ${run} ${index}`);
  }

  /** Goes on until it is over, the connection breaks or it has nothing left that it knows. @param steps at most */
  async run(steps: number): Promise<void> {
    const { operations } = this.#load.profile;
    let idle = 0;
    for (let step = 0; step < steps && !this.#load.over() && idle < IDLE_MAX; step++) {
      const operation = operations[this.#pick(operations.length)] ?? 'read';
      const done = await this.#do(operation);
      if (done === 'broken') return;
      idle = done === 'idle' ? idle + 1 : 0;
    }
  }

  #do(operation: OracleOperation): Promise<Done> | Done {
    switch (operation) {
      case 'put':
        return this.#put(this.#ownKey());
      case 'put-shared':
        return this.#put(this.#sharedKey());
      case 'delete':
        return this.#delete(this.#ownObject());
      case 'delete-shared':
        return this.#delete(this.#sharedKey());
      case 'delete-many':
        return this.#deleteMany();
      case 'copy':
        return this.#copy(this.#ownKey());
      case 'copy-shared':
        return this.#copy(this.#sharedKey());
      case 'rename':
        return this.#rename();
      case 'append':
        return this.#append();
      case 'multipart':
        return this.#multipart(this.#ownKey(), 'complete');
      case 'multipart-shared':
        return this.#multipart(this.#sharedKey(), 'complete');
      case 'multipart-abort':
        return this.#multipart(this.#sharedKey(), 'abort');
      case 'put-version':
        return this.#putVersion();
      case 'copy-version':
        return this.#copyVersion();
      case 'delete-marker':
        return this.#deleteMarker();
      case 'remove-version':
        return this.#removeVersion();
      case 'read':
        return this.#read();
      case 'read-shared':
        return readShared(this.#client, this.#sharedKey());
      case 'linger-shared':
        return linger(this.#client, this.#sharedKey());
    }
  }

  #sharedKey(): string {
    return `shared/a b+${this.#pick(this.#load.profile.sharedKeys)}`;
  }

  /** One whose state is known, if there is any. */
  #ownKey(): string | undefined {
    return this.#findKey(() => true);
  }

  #ownObject(): string | undefined {
    return this.#findKey((state) => state !== ABSENT);
  }

  #findKey(suits: (state: string) => boolean, but?: string): string | undefined {
    const { profile, model } = this.#load;
    const start = this.#pick(profile.keys);
    for (let i = 0; i < profile.keys; i++) {
      const key = `${this.#name}/ü ${(start + i) % profile.keys}`;
      const state = model.certain(key);
      if (key !== but && state !== undefined && suits(state)) return key;
    }
    return undefined;
  }

  #versionedKey(suits: (versions: number) => boolean): string | undefined {
    const { profile, model } = this.#load;
    const start = this.#pick(profile.versionedKeys);
    for (let i = 0; i < profile.versionedKeys; i++) {
      const key = `${this.#name}/versions ${(start + i) % profile.versionedKeys}`;
      const { open, list } = model.versionsOf(key);
      if (open === undefined && suits(list.length)) return key;
    }
    return undefined;
  }

  #content(): Content {
    const { profile, contents } = this.#load;
    const sizes = this.#pick(profile.largeOneIn) === 0 ? profile.largeSizes : profile.smallSizes;
    const size = sizes[this.#pick(sizes.length)] ?? 0;
    const shared = this.#pick(profile.newOneIn) !== 0;
    const name = shared ? `shared ${this.#pick(profile.sharedContents)}` : this.#newName();
    return contents.make([{ name, size }], shared);
  }

  /** No body of this log has it. */
  #newName(): string {
    return `${this.#name} ${this.#load.nextNumber()}`;
  }

  #put(key: string | undefined): Promise<Done> | Done {
    if (key === undefined) return 'idle';
    const { state, bytes, md5 } = this.#content();
    return this.#client.change({
      does: 'put',
      groups: [[{ key, state }]],
      method: 'PUT',
      bucket: BUCKETS.plain,
      key,
      options: { body: bytes, payload: 'UNSIGNED-PAYLOAD' },
      etag: md5,
    });
  }

  #delete(key: string | undefined): Promise<Done> | Done {
    if (key === undefined) return 'idle';
    return this.#client.change({
      does: 'delete',
      groups: [[{ key, state: null }]],
      method: 'DELETE',
      bucket: BUCKETS.plain,
      key,
      status: 204,
    });
  }

  /** Each key by itself may be gone or not. */
  #deleteMany(): Promise<Done> | Done {
    const first = this.#ownObject();
    const second = this.#findKey((state) => state !== ABSENT, first);
    const keys = [first, second].filter((key) => key !== undefined);
    if (keys.length === 0) return 'idle';
    const items = keys.map((key) => `<Object><Key>${key}</Key></Object>`);
    const body = `<Delete><Quiet>true</Quiet>${items.join('')}</Delete>`;
    return this.#client.change({
      does: 'delete-many',
      groups: keys.map((key) => [{ key, state: null }]),
      method: 'POST',
      bucket: BUCKETS.plain,
      key: '',
      options: {
        query: { delete: '' },
        body,
        headers: { 'content-md5': md5Base64(body) },
      },
    });
  }

  #read(): Promise<Done> | Done {
    const key = this.#ownKey();
    return key === undefined ? 'idle' : readOwn(this.#client, key);
  }

  #copy(key: string | undefined): Promise<Done> | Done {
    const source = this.#findKey((state) => state !== ABSENT, key);
    const state = source === undefined ? undefined : this.#load.model.certain(source);
    if (key === undefined || source === undefined || state === undefined) return 'idle';
    return this.#client.change({
      does: 'copy',
      groups: [[{ key, state }]],
      method: 'PUT',
      bucket: BUCKETS.plain,
      key,
      options: { headers: { 'x-amz-copy-source': `/${BUCKETS.plain}/${encodeKey(source)}` } },
    });
  }

  #rename(): Promise<Done> | Done {
    const source = this.#ownObject();
    const key = this.#findKey(() => true, source);
    const state = source === undefined ? undefined : this.#load.model.certain(source);
    if (key === undefined || source === undefined || state === undefined) return 'idle';
    return this.#client.change({
      does: 'rename',
      groups: [
        [
          { key: source, state: null },
          { key, state },
        ],
      ],
      method: 'PUT',
      bucket: BUCKETS.plain,
      key,
      options: { query: { renameObject: '' }, headers: { 'x-amz-rename-source': encodeKey(source) } },
    });
  }

  #append(): Promise<Done> | Done {
    const { model, contents } = this.#load;
    const key = this.#ownKey();
    const before = key === undefined ? undefined : model.certain(key);
    if (key === undefined || before === undefined) return 'idle';
    const pieces = before === ABSENT ? [] : contents.piecesOf(before);
    if (pieces === undefined || pieces.length >= PIECES_MAX || sizeOf(pieces) > APPEND_BYTES_MAX)
      return this.#put(key);
    const piece = this.#content();
    const { state } = contents.make([...pieces, ...piece.pieces]);
    return this.#client.change({
      does: 'append',
      groups: [[{ key, state }]],
      method: 'PUT',
      bucket: BUCKETS.plain,
      key,
      options: {
        body: piece.bytes,
        payload: 'UNSIGNED-PAYLOAD',
        headers: { 'x-amz-write-offset-bytes': String(sizeOf(pieces)) },
      },
    });
  }

  /** One part of any content; before it, at times, one that is copied: whoever reads that opens the second file late. */
  #multipart(key: string | undefined, end: 'complete' | 'abort'): Promise<Done> | Done {
    if (key === undefined) return 'idle';
    const last = this.#content();
    const source = this.#load.contents.make([SOURCE.piece], true);
    return uploadParts(this.#client, { key, parts: this.#pick(3) === 0 ? [source, last] : [last], end });
  }

  #putVersion(): Promise<Done> | Done {
    const key = this.#versionedKey((versions) => versions < this.#load.profile.versionsMax);
    if (key === undefined) return 'idle';
    const { state, bytes, md5 } = this.#content();
    return this.#client.change({
      does: 'put-version',
      groups: [[{ versionsOf: key, adds: state }]],
      method: 'PUT',
      bucket: BUCKETS.versions,
      key,
      options: { body: bytes, payload: 'UNSIGNED-PAYLOAD' },
      etag: md5,
    });
  }

  #copyVersion(): Promise<Done> | Done {
    const key = this.#versionedKey((versions) => versions < this.#load.profile.versionsMax);
    const source = this.#ownObject();
    const state = source === undefined ? undefined : this.#load.model.certain(source);
    if (key === undefined || source === undefined || state === undefined) return 'idle';
    return this.#client.change({
      does: 'copy-version',
      groups: [[{ versionsOf: key, adds: state }]],
      method: 'PUT',
      bucket: BUCKETS.versions,
      key,
      options: { headers: { 'x-amz-copy-source': `/${BUCKETS.plain}/${encodeKey(source)}` } },
    });
  }

  #deleteMarker(): Promise<Done> | Done {
    const key = this.#versionedKey((versions) => versions < this.#load.profile.versionsMax);
    if (key === undefined) return 'idle';
    return this.#client.change({
      does: 'delete-marker',
      groups: [[{ versionsOf: key, adds: null }]],
      method: 'DELETE',
      bucket: BUCKETS.versions,
      key,
      status: 204,
    });
  }

  #removeVersion(): Promise<Done> | Done {
    const key = this.#versionedKey((versions) => versions > 0);
    if (key === undefined) return 'idle';
    const { list } = this.#load.model.versionsOf(key);
    const [versionId = ''] = list[this.#pick(list.length)] ?? [];
    return this.#client.change({
      does: 'remove-version',
      groups: [[{ versionsOf: key, removes: versionId }]],
      method: 'DELETE',
      bucket: BUCKETS.versions,
      key,
      options: { query: { versionId } },
      status: 204,
    });
  }
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0);
}
