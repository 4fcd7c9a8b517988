/** What is known of a failure, gathered from an error and its causes: what the tables of explanations choose by. */

import { isStoreError } from '@cistern/store/errors';
import type { ErrorPlace, StoreError } from '@cistern/store/errors';

export interface Facts {
  /** the outermost StoreError, if there is one */
  readonly error: StoreError | undefined;
  /** which service was asked */
  readonly where: ErrorPlace | undefined;
  /** the service's own answer */
  readonly answer: { readonly code: string; readonly status: number; readonly message: string } | undefined;
  /** the code of the system, or of the HTTP client; `HPE_` where what came is no HTTP */
  readonly systemCode: string | undefined;
  /** of the file system, as the system has named it */
  readonly path: string | undefined;
  /** the host whose name was looked up */
  readonly hostname: string | undefined;
  readonly isAzure: boolean;
}

/** Deeper chains than this are no reason to go on. */
const CAUSES_MAX = 10;

export function factsOf(error: unknown): Facts {
  const chain = causesOf(error);
  const stores = chain.filter((one) => isStoreError(one));
  const answer = chain.find((one) => one.name === 'S3ResponseError' || one.name === 'AzureAnswer');
  const system = chain.find(
    (one) => !isStoreError(one) && one !== answer && (typeof one.code === 'string' || isNoHttp(one)),
  );
  return {
    error: stores[0],
    where: stores.find((one) => one.where !== undefined)?.where,
    answer: answer && {
      code: typeof answer.code === 'string' ? answer.code : '',
      status: Number(answer.status),
      message: answer.message,
    },
    systemCode: answer === undefined ? codeOf(system) : undefined,
    path: typeof system?.path === 'string' ? system.path : undefined,
    hostname: typeof system?.hostname === 'string' ? system.hostname : undefined,
    isAzure: answer?.name === 'AzureAnswer',
  };
}

/** The HTTP client has codes for some of what its parser meets. */
function isNoHttp({ name }: AnyError): boolean {
  return name === 'HTTPParserError';
}

function codeOf(system: AnyError | undefined): string | undefined {
  if (system === undefined) return undefined;
  return typeof system.code === 'string' ? system.code : 'HPE_';
}

interface AnyError extends Error {
  readonly code?: unknown;
  readonly status?: unknown;
  readonly path?: unknown;
  readonly hostname?: unknown;
}

function causesOf(error: unknown): AnyError[] {
  const chain: AnyError[] = [];
  for (let one = error; one instanceof Error && chain.length < CAUSES_MAX; one = one.cause) chain.push(one);
  return chain;
}

/** The object, the bucket or the service that it is about, as a place. */
export function subjectOf({ error, where, isAzure }: Facts): string | undefined {
  const scheme = isAzure ? 'az' : 's3';
  const key = error?.key;
  if (where === undefined) return key;
  if (where.bucket === undefined) return undefined;
  return `${scheme}://${where.bucket}${key === undefined ? '' : `/${key}`}`;
}
