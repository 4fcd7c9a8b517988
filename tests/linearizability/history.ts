/**
 * @module A concurrent history: what clients asked a bucket of few keys, what they were answered, and in which order the
 * requests were sent and the answers came, by one clock.
 */

/** Keys and pieces are told by their numbers. */
export type Request =
  | { readonly kind: 'put'; readonly key: number; readonly piece: number; readonly condition?: Condition }
  | { readonly kind: 'append'; readonly key: number; readonly piece: number; readonly offset: number }
  /** `version`: of the bucket with versions, one of those that answers have named. */
  | { readonly kind: 'get' | 'delete'; readonly key: number; readonly version?: string }
  /** `parts`: as HEAD with partNumber, which tells how many parts there are. */
  | { readonly kind: 'head' | 'parts'; readonly key: number }
  | { readonly kind: 'copy' | 'rename'; readonly key: number; readonly from: number }
  /** Of all keys under a prefix; of all their versions where there are versions. */
  | { readonly kind: 'list'; readonly keys: readonly number[] };

/** `absent`: If-None-Match: *. Otherwise the ETag of If-Match, without quotes. */
export type Condition = 'absent' | { readonly etag: string };

export interface Answer {
  readonly status: number;
  /** Without quotes. */
  readonly etag?: string | undefined;
  readonly size?: number | undefined;
  readonly parts?: number | undefined;
  readonly version?: string | undefined;
  /** What a body was made of. */
  readonly pieces?: readonly number[] | undefined;
  /** In the order of the listing. */
  readonly entries?: readonly Entry[] | undefined;
}

export interface Entry {
  readonly key: number;
  /** undefined: a delete marker */
  readonly etag: string | undefined;
  readonly size?: number | undefined;
  readonly version?: string | undefined;
  readonly latest?: boolean | undefined;
}

export interface Operation {
  readonly number: number;
  readonly client: number;
  readonly request: Request;
  /** undefined: none came. It may have happened at any time until `ended`, or not. */
  readonly answer: Answer | undefined;
  /** Positions in the order of all that was sent and answered. */
  readonly called: number;
  readonly ended: number;
  /** Nothing else was under way, and what it was answered leaves one state that all of its keys can have. */
  readonly settles?: boolean;
}

/** A line for whoever reads a report. */
export function describe({ number, client, request, answer, called, ended }: Operation): string {
  const { kind, ...rest } = request;
  const told = answer === undefined ? 'no answer' : JSON.stringify(answer);
  return `${`${called}–${ended}`.padEnd(11)} client ${client} #${number} ${kind} ${JSON.stringify(rest)} → ${told}`;
}
