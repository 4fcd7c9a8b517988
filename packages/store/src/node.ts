/** @module Adapters to Node's streams and files. Not in the core: browsers have neither. */

import { Readable, Writable } from 'node:stream';
import type { ObjectRead } from './object-store.ts';
import type { Upload } from './upload.ts';

export { fileSource } from './file-transfer.ts';

/** An object's body as a `Readable`. Destroying it closes the read. */
export function toReadable(read: ObjectRead): Readable {
  return Readable.from(read.body, { objectMode: false });
}

/**
 * An upload as a `Writable`. Its end completes the upload; destroying it before leaves the upload as it is, to be
 * aborted or resumed.
 */
export function toWritable(upload: Upload): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, callback) {
      upload.write(chunk).then(() => callback(), callback);
    },
    final(callback) {
      upload.complete().then(() => callback(), callback);
    },
    destroy(failure, callback) {
      const detached = upload.detach();
      detached.then(() => callback(failure), callback);
    },
  });
}
