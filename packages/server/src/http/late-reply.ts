/**
 * An answer that takes long: its status, 200, goes before the outcome is known, white space keeps the connection from
 * being given up, and the outcome is the XML that follows, also when it is an error. S3 answers CompleteMultipartUpload
 * so: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html.
 */

import type { ServerResponse } from 'node:http';
import { DOCUMENT_OPENING, restOfDocument } from '@cistern/protocol';
import { LIMITS } from '../limits.ts';
import { ClientGone } from './receive-body.ts';
import type { Reply } from './reply.ts';

/** The reply itself when it comes in time; the work is not stopped otherwise. */
export async function replyInTime(outcome: Promise<Reply>): Promise<Reply> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), LIMITS.lateAfterMs);
  try {
    const reply = await Promise.race([outcome, late.promise]);
    return (
      reply ?? { status: 200, headers: ['Content-Type', 'application/xml'], body: { kind: 'late', outcome } }
    );
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Writes the body of a late reply and ends the response.
 *
 * @param outcome never rejects; its status and headers cannot be told any more
 * @returns bytes
 */
export async function sendLate(response: ServerResponse, outcome: Promise<Reply>): Promise<number> {
  let sent = 0;
  const write = (text: string): void => {
    if (response.destroyed) return;
    response.write(text);
    sent += text.length;
  };
  write(DOCUMENT_OPENING);
  const timer = setInterval(() => write(' '), LIMITS.lateSignMs);
  try {
    const { body } = await outcome;
    if (body.kind !== 'bytes') throw new Error('a late reply is a document');
    if (response.destroyed) throw new ClientGone();
    const rest = restOfDocument(body.bytes.toString());
    response.end(rest);
    return sent + Buffer.byteLength(rest);
  } finally {
    clearInterval(timer);
  }
}
