/** A remote as somebody asks for it: checked, and put together with its keys. Contacts nobody and keeps nothing. */

import { resolve } from 'node:path';
import { usage } from '../failures/failure.ts';
import { mayHaveSecret } from '../values/redact.ts';
import { parsePlace, REMOTE_NAME, SCHEMES } from './place.ts';
import type { Place } from './place.ts';
import type { Remote } from './remotes.ts';

/** The flags of `cistern remote add`. */
export interface NewRemoteFlags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly addressing?: 'auto' | 'path' | 'virtual';
  readonly profile?: string;
  readonly credentialsFile?: string;
  readonly anonymous?: true;
  readonly account?: string;
  readonly accessKeyId?: string;
  readonly secretStdin?: true;
  readonly fromEnv?: true;
}

export type Keys = Pick<
  Remote,
  | 'accessKeyId'
  | 'secretAccessKey'
  | 'sessionToken'
  | 'account'
  | 'accountKey'
  | 'sasToken'
  | 'connectionString'
>;

/** @throws {Failure} a usage error */
export function checkName(name: string): void {
  if (SCHEMES.some((one) => one === name) || /^https?$/.test(name)) {
    throw usage(`${name}: stands for places of its own already`, 'Choose another name.');
  }
  if (REMOTE_NAME.test(name)) return;
  throw usage(
    `${JSON.stringify(name)} cannot be the name of a remote`,
    'A name has two or more lower-case letters, digits, dots, hyphens and underscores.',
  );
}

/** A remote without its keys. @throws {Failure} a usage error */
export function toRemote(name: string, url: string, flags: NewRemoteFlags, cwd: string): Remote {
  checkName(name);
  const place = checkUrl(name, url, cwd);
  checkFlags(place, flags);
  const { endpoint, region, addressing, profile, anonymous, account, credentialsFile } = flags;
  if (endpoint !== undefined) checkEndpoint(endpoint);
  return {
    name,
    url: lastingUrl(place),
    endpoint,
    region,
    addressing,
    profile,
    credentialsFile: credentialsFile === undefined ? undefined : resolve(cwd, credentialsFile),
    anonymous,
    account,
  };
}

function checkUrl(name: string, url: string, cwd: string): Place {
  if (mayHaveSecret(url)) throw noPasswords('The URL');
  if (/^https?:\/\//i.test(url)) {
    throw usage(
      `${url} says where a service is, and not what kind of place it is`,
      `For S3: cistern remote add ${name} s3:// --endpoint ${url}`,
    );
  }
  const place = parsePlace(url, { cwd, remotes: () => new Map() });
  if (place.kind !== 'stdio' && place.kind !== 'memory') return place;
  throw usage(`${url} is gone when the command ends: a remote cannot stand for it`);
}

/** What stays true in another folder. */
function lastingUrl({ kind, text, path, key, isFolder }: Place): string {
  if (kind === 's3' || kind === 'azure') return text;
  if (kind === 'local') return isFolder && !path.endsWith('/') ? `${path}/` : path;
  const slash = kind === 'hashed' ? '//' : '/';
  return key === '' ? `${kind}:${path}` : `${kind}:${path}${slash}${key}`;
}

function checkFlags({ kind, text }: Place, flags: NewRemoteFlags): void {
  const given = (name: keyof NewRemoteFlags): boolean => flags[name] !== undefined;
  const only: readonly (readonly [keyof NewRemoteFlags, string, readonly string[]])[] = [
    ['endpoint', '--endpoint', ['s3', 'azure']],
    ['region', '--region', ['s3']],
    ['addressing', '--addressing', ['s3']],
    ['profile', '--profile', ['s3']],
    ['credentialsFile', '--credentials-file', ['s3']],
    ['accessKeyId', '--access-key-id', ['s3']],
    ['account', '--account', ['azure']],
    ['anonymous', '--anonymous', ['s3', 'azure']],
    ['secretStdin', '--secret-stdin', ['s3', 'azure']],
    ['fromEnv', '--from-env', ['s3', 'azure']],
  ];
  for (const [name, flag, kinds] of only) {
    if (given(name) && !kinds.includes(kind)) throw usage(`${flag} means nothing for ${text}`);
  }
  const sources = [
    given('anonymous') && '--anonymous',
    (given('profile') || given('credentialsFile')) && '--profile and --credentials-file',
    given('fromEnv') && '--from-env',
    (given('accessKeyId') || given('secretStdin')) && '--access-key-id and --secret-stdin',
  ].filter((one) => one !== false);
  if (sources.length > 1) throw usage(`Keys come from one source: ${sources.join(', or ')}`);
  if (kind === 's3' && given('secretStdin') && !given('accessKeyId')) {
    throw usage('--secret-stdin has the secret, and --access-key-id must say whose it is');
  }
}

function checkEndpoint(endpoint: string): void {
  if (endpoint.includes('@') || mayHaveSecret(endpoint)) throw noPasswords('--endpoint');
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') return;
  throw usage(
    `--endpoint is an http: or https: URL such as http://127.0.0.1:9000, not ${JSON.stringify(endpoint)}`,
  );
}

function noPasswords(what: string): Error {
  return usage(
    `${what} has something in it that may be a secret: it is not repeated here`,
    'Keys are given with --access-key-id and --secret-stdin, or come from the environment or a profile.',
  );
}

/** The keys that the environment has now, to be kept. @throws {Failure} a usage error */
export function keysOfEnvironment(kind: Place['kind'], env: NodeJS.ProcessEnv): Keys {
  const value = (name: string): string | undefined => env[name] || undefined;
  if (kind === 'azure') {
    const connectionString = value('AZURE_STORAGE_CONNECTION_STRING');
    if (connectionString !== undefined) return { connectionString };
    const account = value('AZURE_STORAGE_ACCOUNT');
    const [accountKey, sasToken] = [value('AZURE_STORAGE_KEY'), value('AZURE_STORAGE_SAS_TOKEN')];
    if (account !== undefined && (accountKey ?? sasToken) !== undefined) {
      return { account, accountKey, ...(accountKey === undefined && { sasToken }) };
    }
    throw usage(
      'The environment has no keys of Azure',
      'Set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN.',
    );
  }
  const [accessKeyId, secretAccessKey] = [value('AWS_ACCESS_KEY_ID'), value('AWS_SECRET_ACCESS_KEY')];
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, sessionToken: value('AWS_SESSION_TOKEN') };
  }
  throw usage('The environment has no keys', 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
}

/** Which of Azure's secrets this is can be told by looking at it. */
export function azureKeys(secret: string): Keys {
  if (/(?:^|;)\s*(?:AccountKey|SharedAccessSignature|UseDevelopmentStorage)\s*=/i.test(secret)) {
    return { connectionString: secret };
  }
  return /(?:^|[?&])sig=/.test(secret) ? { sasToken: secret } : { accountKey: secret };
}
