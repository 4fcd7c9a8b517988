/** What may be shown of a remote: all of it but its secrets. Fields are named one by one, so that a new one is not shown unseen. */

import type { Remote } from './remotes.ts';

/** Where the keys of a remote come from. Names, never secrets. */
export interface KeysView {
  /** `remote`: kept with it. `environment`: the usual places, asked at each use. `none`: requests are not signed, or there are no keys to it */
  readonly from: 'remote' | 'profile' | 'environment' | 'none';
  readonly accessKeyId?: string | undefined;
  readonly profile?: string | undefined;
  readonly file?: string | undefined;
}

export interface RemoteView {
  readonly name: string;
  readonly url: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly addressing?: string | undefined;
  readonly account?: string | undefined;
  readonly keys: KeysView;
}

export function viewRemote(remote: Remote): RemoteView {
  const { name, url, endpoint, region, addressing, account } = remote;
  return { name, url, endpoint, region, addressing, account, keys: viewKeys(remote) };
}

function viewKeys(remote: Remote): KeysView {
  const { url, anonymous, accessKeyId, secretAccessKey, profile, credentialsFile } = remote;
  if (anonymous === true || !/^(?:s3|az):/.test(url)) return { from: 'none' };
  if (secretAccessKey !== undefined) return { from: 'remote', accessKeyId };
  if (remote.accountKey !== undefined || remote.sasToken !== undefined) return { from: 'remote' };
  if (remote.connectionString !== undefined) return { from: 'remote' };
  if (credentialsFile !== undefined) {
    return { from: 'profile', profile: profile ?? 'default', file: credentialsFile };
  }
  return profile === undefined ? { from: 'environment' } : { from: 'profile', profile };
}

/** `kept (AKIA…)`, `profile x`, `environment`, `none`. */
export function keysText({ from, accessKeyId, profile, file }: KeysView): string {
  if (from === 'remote') return accessKeyId === undefined ? 'kept' : `kept (${accessKeyId})`;
  if (from === 'profile') return `profile ${profile}${file === undefined ? '' : ` of ${file}`}`;
  return from;
}
