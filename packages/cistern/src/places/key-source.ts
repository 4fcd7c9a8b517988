/** Which keys a place is reached with, and where they come from: names for messages, never secrets. */

import type { ReachFlags } from './places.ts';
import type { Remote } from './remotes.ts';

export interface KeySource {
  readonly from: 'remote' | 'environment' | 'profile' | 'elsewhere' | 'anonymous' | 'none';
  /** as it stands in a sentence: `kept with the remote prod`, `of AWS_ACCESS_KEY_ID` */
  readonly text: string;
  readonly accessKeyId?: string | undefined;
}

/**
 * Looks without asking anybody.
 *
 * @param settings a remote's own and those of the command line, as they are used
 * @throws {StoreError} `Unauthenticated` where a profile is named that is not there
 */
export async function keySource(
  settings: ReachFlags & Partial<Remote>,
  kind: 's3' | 'azure',
  env: NodeJS.ProcessEnv,
): Promise<KeySource> {
  if (settings.anonymous === true) return { from: 'anonymous', text: 'none: requests are not signed' };
  const kept = `kept with the remote ${settings.name}`;
  if (kind === 'azure') return azureSource(settings, kept, env);
  const { accessKeyId, secretAccessKey, profile, credentialsFile: file } = settings;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { from: 'remote', text: kept, accessKeyId };
  }
  const { findUsualKeys } = await import('@cistern/store/s3');
  const found =
    file === undefined
      ? findUsualKeys(env, { profile })
      : findUsualKeys({ ...env, AWS_SHARED_CREDENTIALS_FILE: file }, { profile: profile ?? 'default' });
  if (found === undefined) return { from: 'none', text: 'none' };
  if (found.from === 'elsewhere') return { from: 'elsewhere', text: `from elsewhere (${found.why})` };
  const text =
    found.from === 'environment'
      ? 'of AWS_ACCESS_KEY_ID'
      : `of the profile ${found.profile} in ${found.paths.join(' or ')}`;
  return { from: found.from, text, accessKeyId: found.keys.accessKeyId };
}

function azureSource(remote: Partial<Remote>, kept: string, env: NodeJS.ProcessEnv): KeySource {
  const { connectionString, accountKey, sasToken, account } = remote;
  if ((connectionString ?? accountKey ?? sasToken) !== undefined) {
    return { from: 'remote', text: kept, accessKeyId: account };
  }
  const variables = ['AZURE_STORAGE_CONNECTION_STRING', 'AZURE_STORAGE_KEY', 'AZURE_STORAGE_SAS_TOKEN'];
  const found = variables.find((name) => (env[name] ?? '') !== '');
  if (found === undefined) return { from: 'none', text: 'none' };
  return { from: 'environment', text: `of ${found}`, accessKeyId: account ?? env['AZURE_STORAGE_ACCOUNT'] };
}
