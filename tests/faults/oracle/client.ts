/**
 * @module How the oracle's writers ask: a change is in the log before it is sent, and so is its answer before anything
 * else is asked.
 */

import { setTimeout as delay } from 'node:timers/promises';

import type { S3, S3RequestOptions, S3Response } from '../../support/s3.ts';
import type { Contents } from './contents.ts';
import type { Change, Line, OracleLog } from './log.ts';
import type { OracleModel } from './model.ts';
import type { OracleProfile } from './profile.ts';

/** What all writers of a run share. */
export interface Load {
  readonly s3: S3;
  readonly profile: OracleProfile;
  readonly log: OracleLog;
  readonly model: OracleModel;
  readonly contents: Contents;
  /** A number that nothing else of this log has. */
  readonly nextNumber: () => number;
  /** Whether it is to end. */
  readonly over: () => boolean;
  readonly onAcknowledged: () => void;
  acknowledged: number;
  refused: number;
  /** Since the last that was acknowledged. */
  refusedInARow: number;
  readonly problems: string[];
}

export interface Sent {
  readonly does: string;
  readonly groups: readonly (readonly Change[])[];
  readonly method: string;
  readonly bucket: string;
  /** empty: the bucket itself */
  readonly key: string;
  readonly options?: S3RequestOptions;
  /** Of success. Default: 200. */
  readonly status?: number;
  /** That a success must name, without quotes. */
  readonly etag?: string;
}

/** `broken`: there was no answer; `refused`: it was one of 5xx, or nothing that was expected. */
export type Outcome = S3Response | 'broken' | 'refused';

/** `idle`: there was nothing to do it on. */
export type Done = 'done' | 'idle' | 'broken';

export class OracleClient {
  readonly load: Load;

  constructor(load: Load) {
    this.load = load;
  }

  note(line: Line): void {
    this.load.log.append(line);
    this.load.model.apply(line);
  }

  /** Sends what changes something. */
  async send({ does, groups, method, bucket, key, options, status = 200, etag }: Sent): Promise<Outcome> {
    const { load } = this;
    const intent = load.nextNumber();
    this.note({ intent, does, groups });
    const response = await this.ask(method, bucket, key, options);
    if (response === undefined) return 'broken';
    // Some operations answer 200 before they know.
    if (response.status !== status || response.errorCode !== undefined) {
      this.note({ refused: intent });
      await this.refused(does, response);
      return 'refused';
    }
    const version = response.headers['x-amz-version-id'];
    this.note({ acknowledged: intent, ...(version !== undefined && { version }) });
    this.acknowledged();
    if (etag !== undefined && response.headers['etag'] !== `"${etag}"`)
      load.problems.push(`${does} ${key}: ETag ${response.headers['etag']}, expected ${etag}`);
    return response;
  }

  /** As `send`, for whoever does nothing with the answer. */
  async change(sent: Sent): Promise<Done> {
    return (await this.send(sent)) === 'broken' ? 'broken' : 'done';
  }

  /** Undefined when the connection broke: the request may have been done or not. */
  async ask(
    method: string,
    bucket: string,
    key: string,
    options: S3RequestOptions = {},
  ): Promise<S3Response | undefined> {
    const { s3 } = this.load;
    try {
      return await (key === ''
        ? s3.bucket(method, bucket, options)
        : s3.object(method, bucket, key, options));
    } catch {
      return undefined;
    }
  }

  acknowledged(): void {
    this.load.acknowledged++;
    this.load.refusedInARow = 0;
    this.load.onAcknowledged();
  }

  /** Nothing but a failure of the server's is expected. */
  async refused(does: string, { status, errorCode, text }: S3Response): Promise<void> {
    this.load.refused++;
    this.load.refusedInARow++;
    if (status >= 400 && status < 500)
      this.load.problems.push(`${does}: ${status} ${errorCode} ${text.slice(0, 300)}`);
    // Whoever refuses would otherwise be asked as fast as it can.
    await delay(1);
  }
}
