/** Services by URL: what stands above buckets. Each backend is loaded when a URL first asks for it. */

import { StoreError } from './errors.ts';
import type { Service } from './service.ts';

/** Options of the service's own backend, such as `partBytesMin`, `addressing` and `region` of S3's, `versions` of Azure's. */
export type ConnectOptions = Readonly<Record<string, unknown>>;

/**
 * Connects to a service; contacts nobody yet.
 *
 *     const service = await connect('http://localhost:9000', { accessKeyId, secretAccessKey });
 *     await service.createBucket('photos');
 *     const store = service.bucket('photos');
 *
 * | URL | service |
 * |---|---|
 * | `https://ACCOUNT.blob.core.windows.net`, or any URL with credentials of Azure | an account of Azure Blob Storage |
 * | `http://localhost:9000`, `https://s3.example.com` | any S3 service |
 *
 * @param credentials what a URL should not carry: as of the backend; the usual places are searched when left out
 * @throws {StoreError} `InvalidArgument`
 */
export async function connect(
  url: string | URL,
  credentials?: unknown,
  options: ConnectOptions = {},
): Promise<Service> {
  const text = String(url);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') {
    if (isAzure(parsed, credentials)) {
      return (await import('./azure.ts')).connectAzure(parsed, credentials, options);
    }
    return (await import('./s3.ts')).connectS3(text, credentials, options);
  }
  throw new StoreError(
    'InvalidArgument',
    `${JSON.stringify(text)} is no URL of a service, such as http://localhost:9000`,
    { operation: 'open' },
  );
}

/** An account shows by its host's name, by the emulator's path, or by credentials as only Azure has them. */
function isAzure({ hostname, pathname }: URL, credentials: unknown): boolean {
  if (/^[a-z0-9-]+\.blob\.(?:core|storage)\./.test(hostname) || /^\/devstoreaccount1\/?$/.test(pathname))
    return true;
  const names = ['connectionString', 'accountKey', 'sasToken', 'credential'];
  return typeof credentials === 'object' && credentials !== null && names.some((name) => name in credentials);
}
