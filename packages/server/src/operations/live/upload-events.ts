/**
 * What has happened to an upload since its reader last looked: parts that were committed, its end, and that the reader
 * is gone. It waits for commits, never for a clock.
 */

import type { OpenComplete, Upload, UploadCatalog, UploadName } from '../../catalog/uploads.ts';

export interface UploadEventsOptions {
  readonly uploads: UploadCatalog;
  readonly name: UploadName;
  /** Aborted when the reader is gone. */
  readonly signal: AbortSignal;
}

/** How an upload has ended, as far as can be said: one that is still open has ended, too, when the catalog has stopped. */
export interface UploadEnd {
  readonly upload: Upload | undefined;
  /** What it has become; undefined: it was aborted, or its object is gone already. */
  readonly whole: OpenComplete | undefined;
}

export class UploadEvents {
  readonly #options: UploadEventsOptions;
  #stop: () => void = () => undefined;
  #end: Promise<UploadEnd> | undefined;
  #closed = false;
  /** Numbers of parts that were committed. */
  #parts = new Set<number>();
  #wake: (() => void) | undefined;

  constructor(options: UploadEventsOptions) {
    this.#options = options;
  }

  /** Everything that is committed from now on will be told. To be followed by `close`, also when it rejects. */
  async watch(): Promise<void> {
    const { uploads, name, signal } = this.#options;
    signal.addEventListener('abort', this.#onAbort);
    this.#stop = await uploads.watchUpload(name.upload, ({ part }) => {
      if (part === null) this.#hasEnded();
      else this.#parts.add(part);
      this.#wake?.();
    });
    // It may have ended before anybody listened.
    if ((await uploads.findUpload(name))?.state !== 'open') this.#hasEnded();
  }

  readonly #onAbort = (): void => this.#wake?.();

  /** The object is held at once: a reader that is slow must not lose it because somebody else overwrites it. */
  #hasEnded(): void {
    if (this.#end !== undefined || this.#closed) return;
    this.#end = this.#describeEnd();
    this.#end.catch(() => undefined);
  }

  async #describeEnd(): Promise<UploadEnd> {
    const { uploads, name } = this.#options;
    const whole = await uploads.openComplete(name);
    return { whole, upload: whole === undefined ? await uploads.findUpload(name) : undefined };
  }

  /** Undefined: it has not ended. */
  get end(): Promise<UploadEnd> | undefined {
    return this.#end;
  }

  /** The parts that were committed since the last call. */
  takeParts(): ReadonlySet<number> {
    const parts = this.#parts;
    if (parts.size > 0) this.#parts = new Set();
    return parts;
  }

  /** Resolves when something has happened that nobody has looked at. */
  async next(): Promise<void> {
    if (this.#parts.size > 0 || this.#end !== undefined || this.#options.signal.aborted) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    void this.#end?.then(({ whole }) => whole?.release()).catch(() => undefined);
  }
}
