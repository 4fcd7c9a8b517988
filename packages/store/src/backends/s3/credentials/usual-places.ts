/**
 * Where keys and the region are looked for when none are given: the environment, the shared files, and whatever AWS's own
 * package knows (SSO, assumed roles, web identity, processes, containers, EC2 instances), if it is installed.
 */

import { StoreError } from '../../../errors.ts';
import type { CredentialProvider, S3Credentials } from './credentials.ts';
import { readSharedFiles } from './shared-files.ts';
import type { Environment, Profile } from './shared-files.ts';

export interface PlacesOptions {
  /** of the shared files; the environment's when left out */
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
}

/** An optional peer: loaded when it is needed, and not known to those who do not use it. */
const AWS_PACKAGE = '@aws-sdk/credential-providers';

type AwsProvider = () => Promise<S3Credentials>;
interface AwsPackage {
  fromNodeProviderChain(options: object): AwsProvider;
}

/** Settings by which a profile says that its keys are to be had elsewhere. */
const ELSEWHERE = [
  'role_arn',
  'sso_session',
  'sso_account_id',
  'credential_process',
  'web_identity_token_file',
  'login_session',
];

/** Environment variables by which a platform says so. */
const PLATFORM = [
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/**
 * In order: keys in the environment (unless a profile is asked for by `options`), the profile, the platform's variables, and
 * the metadata service of an EC2 instance.
 */
export function usualCredentials(env: Environment, options: PlacesOptions = {}): CredentialProvider {
  let aws: AwsProvider | undefined;
  const ask = async (why: string): Promise<S3Credentials> => {
    aws ??= await awsProvider(why, options);
    return aws();
  };
  return async () => {
    const found = findUsualKeys(env, options);
    if (found?.from === 'elsewhere') return ask(found.why);
    if (found !== undefined) return found.keys;
    if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
    return ask('There are no keys in the environment and in the shared files');
  };
}

/** Where there are keys, or a hint to some. */
export type UsualKeys =
  | { readonly from: 'environment'; readonly keys: S3Credentials }
  | {
      readonly from: 'profile';
      readonly profile: string;
      /** the files that profiles are in */
      readonly paths: readonly string[];
      readonly keys: S3Credentials;
    }
  /** others know them: AWS's own package asks who. `why`: what says so */
  | { readonly from: 'elsewhere'; readonly why: string };

/**
 * Looks without asking anybody. `undefined`: nothing says that there are keys; those of an EC2 instance show only when it is asked.
 *
 * @throws {StoreError} `Unauthenticated` where a profile is named that is not there
 */
export function findUsualKeys(env: Environment, options: PlacesOptions = {}): UsualKeys | undefined {
  const fromEnvironment = options.profile === undefined ? environmentKeys(env) : undefined;
  if (fromEnvironment !== undefined) return { from: 'environment', keys: fromEnvironment };
  const { profiles, paths } = readSharedFiles(env);
  const name = profileName(env, options);
  const profile = profiles.get(name ?? 'default');
  if (name !== undefined && profile === undefined) {
    throw new StoreError('Unauthenticated', `There is no profile ${name} in ${paths.join(' or ')}`);
  }
  const keys = profile && profileKeys(profile);
  if (keys !== undefined) return { from: 'profile', profile: name ?? 'default', paths, keys };
  const elsewhere = ELSEWHERE.find((setting) => profile !== undefined && setting in profile);
  if (elsewhere !== undefined) {
    return { from: 'elsewhere', why: `The profile ${name ?? 'default'} has ${elsewhere}` };
  }
  const platform = PLATFORM.find((variable) => (env[variable] ?? '') !== '');
  return platform === undefined ? undefined : { from: 'elsewhere', why: `${platform} is set` };
}

/** The region of the environment or of the profile, if either says one. */
export function usualRegion(env: Environment, options: PlacesOptions = {}): string | undefined {
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'];
  if (region !== undefined && region !== '') return region;
  return readSharedFiles(env).profiles.get(profileName(env, options) ?? 'default')?.['region'];
}

/**
 * The endpoint of the environment or of the profile, if either says one, for S3 before all services.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
 */
export function usualEndpoint(env: Environment, options: PlacesOptions = {}): string | undefined {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return undefined;
  const endpoint = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'];
  if (endpoint !== undefined && endpoint !== '') return endpoint;
  return readSharedFiles(env).profiles.get(profileName(env, options) ?? 'default')?.['endpoint_url'];
}

function profileName(env: Environment, { profile }: PlacesOptions): string | undefined {
  return profile ?? (env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || undefined);
}

function environmentKeys(env: Environment): S3Credentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] || undefined };
}

function profileKeys(profile: Profile): S3Credentials | undefined {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = profile;
  // A role is assumed with the keys that stand beside it.
  if (!accessKeyId || !secretAccessKey || 'role_arn' in profile) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: profile['aws_session_token'] || undefined };
}

async function awsProvider(why: string, { profile, region }: PlacesOptions): Promise<AwsProvider> {
  let loaded: AwsPackage;
  try {
    loaded = (await import(AWS_PACKAGE)) as AwsPackage;
  } catch (error) {
    throw new StoreError(
      'Unauthenticated',
      `${why}: to ask where else there may be some takes the package ${AWS_PACKAGE} (npm install ${AWS_PACKAGE}). ` +
        'Or pass { accessKeyId, secretAccessKey } or "anonymous"',
      { cause: error },
    );
  }
  return loaded.fromNodeProviderChain({
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { clientConfig: { region } }),
  });
}
