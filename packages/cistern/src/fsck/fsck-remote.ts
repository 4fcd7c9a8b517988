/** Asks a running server for a check of its store, signed by root, and hands its events on as they come. */

import { createHash } from 'node:crypto';
import { signRequest } from '@cistern/protocol';
import type { FsckEvent, FsckReport } from '@cistern/server';
import { storedRootKey } from '../serve/credentials.ts';
import type { Credentials } from '../serve/credentials.ts';

export interface RemoteCheck {
  /** `http://127.0.0.1:9000` */
  readonly endpoint: string;
  readonly region: string;
  readonly quick: boolean;
  readonly credentials: Credentials;
}

const NO_BODY = createHash('sha256').digest('hex');

/** Rejects with a message for the user. */
export async function checkRemote(
  { endpoint, region, quick, credentials }: RemoteCheck,
  onEvent: (event: FsckEvent) => void,
): Promise<FsckReport> {
  const url = urlOf(endpoint);
  const target = `/-/api/fsck${quick ? '?quick=' : ''}`;
  const { headers } = signRequest({
    method: 'POST',
    target,
    headers: [['host', url.host]],
    payload: NO_BODY,
    credentials,
    region,
    now: Date.now(),
  });
  let response: Response;
  try {
    response = await fetch(new URL(target, url), { method: 'POST', headers, redirect: 'error' });
  } catch (error) {
    const { cause, message } = error as Error;
    throw new Error(`${endpoint} cannot be asked (${cause instanceof Error ? cause.message : message}).`, {
      cause: error,
    });
  }
  if (response.status !== 200 || response.body === null)
    throw new Error(await explainRefusal(response, endpoint));
  let report: FsckReport | undefined;
  for await (const line of linesOf(response.body)) {
    const event = JSON.parse(line) as FsckEvent;
    if (event.type === 'failed') throw new Error(event.message);
    if (event.type === 'result') report = event.report;
    onEvent(event);
  }
  if (report === undefined) throw new Error(`${endpoint} has broken off the check.`);
  return report;
}

/**
 * AWS's variables, as for other tools, then the server's own, then what the data directory keeps.
 */
export function findCredentials(environment: NodeJS.ProcessEnv, dataDir: string): Credentials {
  for (const [id, secret] of [
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ['CISTERN_ACCESS_KEY_ID', 'CISTERN_SECRET_ACCESS_KEY'],
  ] as const) {
    const accessKeyId = environment[id];
    const secretAccessKey = environment[secret];
    if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
  }
  const stored = storedRootKey(dataDir);
  if (stored !== undefined) return stored;
  throw new Error(
    "The server asks for root's key. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name the data directory that keeps it with --data.",
  );
}

function urlOf(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new Error(
    `--endpoint: must be a URL such as http://127.0.0.1:9000, not ${JSON.stringify(endpoint)}.`,
  );
}

async function explainRefusal(response: Response, endpoint: string): Promise<string> {
  const text = await response.text();
  const said = /<Message>([^<]*)<\/Message>/.exec(text)?.[1];
  return `${endpoint} has refused the check: ${response.status} ${said ?? text.slice(0, 200)}`;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
