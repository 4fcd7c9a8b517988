/** Who a request to Azure is from: what callers, connection strings and the environment say, parsed once. */

import { StoreError } from '../../errors.ts';

/** What `@azure/identity`'s credentials are. */
export interface TokenCredential {
  getToken(
    scopes: string | string[],
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

/**
 * How to reach an account. One of `connectionString`, `accountKey`, `sasToken` and `credential` says who is asking; when none does, the
 * environment is looked at: AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or
 * AZURE_STORAGE_SAS_TOKEN.
 */
export interface AzureAccountOptions {
  /** the storage account's name */
  readonly account?: string | undefined;
  /** `https://ACCOUNT.blob.core.windows.net` when left out; with the account as its path where it is not in the host's name */
  readonly endpoint?: string | URL | undefined;
  readonly connectionString?: string | undefined;
  /** base64, as Azure shows it */
  readonly accountKey?: string | undefined;
  /** with or without its question mark */
  readonly sasToken?: string | undefined;
  /**
   * A credential of `@azure/identity`; `default`: its `DefaultAzureCredential` (the package must be installed); `anonymous`: for
   * containers that anyone may read.
   */
  readonly credential?: TokenCredential | 'default' | 'anonymous' | undefined;
}

export type Identity =
  | { readonly kind: 'key'; readonly accountKey: Uint8Array }
  | { readonly kind: 'sas'; readonly query: Readonly<Record<string, string>> }
  | { readonly kind: 'token'; readonly credential: TokenCredential | 'default' }
  | { readonly kind: 'anonymous' };

export interface Account {
  readonly account: string;
  readonly endpoint: URL;
  readonly identity: Identity;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The emulator's account, which is the same everywhere and published. */
const EMULATOR = {
  account: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  endpoint: 'http://127.0.0.1:10000/devstoreaccount1',
};

/** @throws {StoreError} `InvalidArgument`; `Unauthenticated` when nothing says who is asking */
export function resolveAccount(options: AzureAccountOptions, environment: Environment): Account {
  if (options.connectionString !== undefined) return fromConnectionString(options.connectionString, options);
  const account = options.account ?? accountOf(options.endpoint) ?? environment['AZURE_STORAGE_ACCOUNT'];
  const given = identityOf(options);
  if (given !== undefined) return toAccount(account, options.endpoint, given);
  const connection = environment['AZURE_STORAGE_CONNECTION_STRING'];
  if (connection !== undefined) {
    const found = fromConnectionString(connection, { endpoint: options.endpoint });
    const meant = options.account ?? accountOf(options.endpoint) ?? found.account;
    if (meant === found.account && isSafeAt(found, fromConnectionString(connection, {}).endpoint))
      return found;
  }
  // A key of another account must not be sent to this one.
  if (account !== undefined && account === (environment['AZURE_STORAGE_ACCOUNT'] ?? account)) {
    const found = identityOf({
      accountKey: environment['AZURE_STORAGE_KEY'],
      sasToken: environment['AZURE_STORAGE_SAS_TOKEN'],
    });
    if (found !== undefined) {
      const own = toAccount(account, undefined, found).endpoint;
      const resolved = toAccount(account, options.endpoint, found);
      if (isSafeAt(resolved, own)) return resolved;
    }
  }
  throw new StoreError(
    'Unauthenticated',
    'Nothing says who is asking: give a connectionString, an accountKey, a sasToken or a credential, set ' +
      'AZURE_STORAGE_CONNECTION_STRING, or say credential: "anonymous" for a public container',
    { operation: 'open' },
  );
}

/** A SAS is a secret in itself: the environment's goes nowhere but where the environment says. */
function isSafeAt({ identity, endpoint }: Account, own: URL): boolean {
  return identity.kind !== 'sas' || endpoint.origin === own.origin;
}

function identityOf({ accountKey, sasToken, credential }: AzureAccountOptions): Identity | undefined {
  if (accountKey !== undefined) return { kind: 'key', accountKey: decodeKey(accountKey) };
  if (sasToken !== undefined) return { kind: 'sas', query: parseSas(sasToken) };
  if (credential === 'anonymous') return { kind: 'anonymous' };
  if (credential !== undefined) return { kind: 'token', credential };
  return undefined;
}

function fromConnectionString(text: string, options: AzureAccountOptions): Account {
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  if (parts.get('usedevelopmentstorage')?.toLowerCase() === 'true') {
    return toAccount(EMULATOR.account, options.endpoint ?? EMULATOR.endpoint, {
      kind: 'key',
      accountKey: decodeKey(EMULATOR.key),
    });
  }
  const named = parts.get('accountname');
  const suffix = parts.get('endpointsuffix') ?? 'core.windows.net';
  const endpoint =
    options.endpoint ??
    parts.get('blobendpoint') ??
    (named === undefined
      ? undefined
      : `${parts.get('defaultendpointsprotocol') ?? 'https'}://${named}.blob.${suffix}`);
  const identity = identityOf({
    accountKey: parts.get('accountkey'),
    sasToken: parts.get('sharedaccesssignature'),
  });
  if (identity === undefined) {
    throw invalid('A connection string of Azure has an AccountKey or a SharedAccessSignature; this has none');
  }
  return toAccount(named ?? accountOf(endpoint), endpoint, identity);
}

function toAccount(
  account: string | undefined,
  endpoint: string | URL | undefined,
  identity: Identity,
): Account {
  if (account === undefined || !/^[a-z0-9][a-z0-9-]{1,62}$/.test(account)) {
    throw invalid(`Give the name of the storage account; ${JSON.stringify(account ?? '')} is none`);
  }
  const url = toUrl(endpoint ?? `https://${account}.blob.core.windows.net`);
  // An address has no room for the account's name: it is the first part of the path.
  if (url.pathname === '/' && isAddress(url.hostname)) url.pathname = `/${account}`;
  if (identity.kind === 'token' && url.protocol !== 'https:' && !isAddress(url.hostname)) {
    throw invalid(`A token would go to ${url.origin} for anyone to read: use https`);
  }
  return { account, endpoint: url, identity };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.startsWith('[') || host === 'localhost';
}

function accountOf(endpoint: string | URL | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  const { hostname, pathname } = toUrl(endpoint);
  return (isAddress(hostname) ? pathname.split('/')[1] : hostname.split('.')[0]) || undefined;
}

function toUrl(text: string | URL): URL {
  if (!URL.canParse(String(text))) throw invalid(`${JSON.stringify(String(text))} is no URL of an account`);
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

function decodeKey(text: string): Uint8Array {
  const key = Buffer.from(text, 'base64');
  if (key.byteLength === 0) throw invalid('An accountKey is base64, as Azure shows it');
  return key;
}

function parseSas(text: string): Record<string, string> {
  const query = Object.fromEntries(new URLSearchParams(text.replace(/^\?/, '')));
  if (!('sig' in query)) throw invalid('A sasToken is the query of a signed URL, with its sig');
  return query;
}

function invalid(message: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'open' });
}
