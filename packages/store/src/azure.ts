/** @module `azure(…)`: a container of Azure Blob Storage, or of its emulator, as a store; `azureService(…)`: a whole account. */

import { AzureService, checkContainerName } from './backends/azure/azure-service.ts';
import { AzureStore } from './backends/azure/azure-store.ts';
import type { AzureStoreOptions } from './backends/azure/azure-store.ts';
import { AzureClient } from './backends/azure/client.ts';
import type { ClientOptions } from './backends/azure/client.ts';
import { resolveAccount } from './backends/azure/credentials.ts';
import type { AzureAccountOptions } from './backends/azure/credentials.ts';
import { StoreError } from './errors.ts';
import { prefix } from './layers/prefix.ts';
import { retry, retrying } from './layers/retry.ts';
import type { Service } from './service.ts';
import { Store } from './store.ts';

export type { AzureAccountOptions, TokenCredential } from './backends/azure/credentials.ts';

/** What fails for a time is tried so often, in stores by URL and of services. */
const ATTEMPTS = 5;

export interface AzureServiceOptions extends AzureAccountOptions, ClientOptions, AzureStoreOptions {}

export interface AzureOptions extends AzureServiceOptions {
  /** must exist */
  readonly container: string;
}

/**
 * A container as a store. Contacts nobody: one that does not exist, or a wrong key, shows with the first call.
 *
 *     const store = azure({ connectionString: 'UseDevelopmentStorage=true', container: 'photos' });
 *
 * Keys that Azure would change are refused (`InvalidKey`): those with backslashes or control characters, and those where a name
 * or a folder ends with a dot. Blobs have `application/octet-stream` as their content type when none is given.
 * It tries everything once: the layer `retry` does more, and is there in stores by URL and of services.
 *
 * @throws {StoreError} `InvalidArgument`; `Unauthenticated` when nothing says who is asking
 */
export function azure(options: AzureOptions): Store {
  checkContainerName(options.container);
  const client = new AzureClient(resolveAccount(options, process.env), options);
  return new Store(new AzureStore(client, options.container, options));
}

/**
 * An account: makes, lists and deletes containers, and hands them out as stores that retry. Contacts nobody.
 *
 * @throws {StoreError} as `azure`
 */
export function azureService(options: AzureServiceOptions): Service {
  const client = new AzureClient(resolveAccount(options, process.env), options);
  // The connections are the service's, not a store's.
  const open = (name: string): Store => retry(ATTEMPTS, new AzureStore(client, name, options, false));
  return new AzureService(client, open, retrying(ATTEMPTS));
}

const URL_PARAMETERS = ['account', 'apiVersion', 'endpoint', 'versions'];
const CREDENTIALS = ['connectionString', 'accountKey', 'sasToken', 'credential'] as const;

/**
 * `az://container`, or `az://container/folder` for the keys below `folder/`, with `?account=…`, `?endpoint=…`,
 * `?apiVersion=…` and `?versions=true`.
 *
 * @param credentials `{ connectionString }`, `{ accountKey }`, `{ sasToken }` or `{ credential }`; the environment's when left out
 */
export function openAzureUrl(url: URL, credentials: unknown): Store {
  for (const name of url.searchParams.keys()) {
    if (!URL_PARAMETERS.includes(name)) {
      throw invalid(`az: URLs have the parameters ${URL_PARAMETERS.join(', ')}, and no ${name}`);
    }
  }
  const parameter = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const versions = parameter('versions') ?? 'false';
  if (versions !== 'true' && versions !== 'false')
    throw invalid(`versions is true or false, not ${versions}`);
  const store = retry(
    ATTEMPTS,
    azure({
      ...toCredentials(credentials),
      account: parameter('account'),
      apiVersion: parameter('apiVersion'),
      endpoint: parameter('endpoint'),
      versions: versions === 'true',
      container: url.hostname,
    }),
  );
  const folder = decodeFolder(url.pathname.replace(/^\/|\/$/g, ''));
  return folder === '' ? store : prefix(`${folder}/`, store);
}

function decodeFolder(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`${JSON.stringify(text)} is not encoded as URLs are: a percent sign is written %25`);
  }
}

const OPTIONS = ['account', 'apiVersion', 'connections', 'pageSize', 'verify', 'versions'];

/**
 * What `connect` gives for an account's URL.
 *
 * @param credentials as of `openAzureUrl`
 * @param options of `azureService`, by their names
 */
export function connectAzure(
  url: URL,
  credentials: unknown,
  options: Readonly<Record<string, unknown>>,
): Service {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw invalid(`Accounts of Azure have the options ${OPTIONS.join(', ')}, and no ${unknown}`);
  }
  return azureService({ ...options, ...toCredentials(credentials), endpoint: url });
}

function toCredentials(given: unknown): AzureAccountOptions {
  if (given === undefined) return {};
  const known: readonly string[] = CREDENTIALS;
  if (
    typeof given !== 'object' ||
    given === null ||
    !Object.keys(given).every((name) => known.includes(name))
  ) {
    throw invalid(`Credentials of Azure are an object with one of ${CREDENTIALS.join(', ')}`);
  }
  return given;
}

function invalid(message: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'open' });
}
