/** An upload as a web stream, for `pipeTo`. */

import type { Upload } from './upload.ts';

/** Closing the stream completes the upload; aborting it leaves the upload as it is, to be aborted or resumed. */
export function toWritableStream(upload: Upload): WritableStream<Uint8Array | string> {
  return new WritableStream<Uint8Array | string>({
    write: (chunk) => upload.write(chunk),
    close: async () => {
      await upload.complete();
    },
    abort: () => upload.detach(),
  });
}
