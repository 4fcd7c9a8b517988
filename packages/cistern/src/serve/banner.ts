/** What `cistern serve` prints once it serves: where, with which key, and lines to paste. */

import { isAbsolute, relative } from 'node:path';
import type { RootKey } from './credentials.ts';
import type { CisternServer } from './start-server.ts';

const EVERY_ADDRESS = ['0.0.0.0', '::'];

export function banner(
  server: CisternServer,
  { key, host, cwd }: { key: RootKey; host: string; cwd: string },
): string {
  const { endpoint, dataDir, region, threads, credentials } = server;
  const secret = key.file === null ? 'as given' : `in ${shorten(key.file, cwd)} (mode 0600)`;
  const rows = [
    ['data', shorten(dataDir, cwd)],
    ...(EVERY_ADDRESS.includes(host) ? [['address', `every one of this machine (${host})`]] : []),
    ['access key', credentials.accessKeyId],
    ['secret key', secret],
    ...(key.isNew ? [['', `${credentials.secretAccessKey}  (shown this once)`]] : []),
    ['region', region],
    ['threads', `${threads} HTTP, 1 writer`],
  ];
  return `
Cistern serves S3 at ${endpoint}

${rows.map(([name = '', value = '']) => `  ${name.padEnd(12)}${value}`).join('\n')}

Try it in another terminal:

  export AWS_ENDPOINT_URL=${quote(endpoint)} AWS_DEFAULT_REGION=${quote(region)}
  export ${login(key)}
  npx cistern mb s3://photos
  echo hello | npx cistern put - s3://photos/hello.txt
  npx cistern ls -l s3://photos

`;
}

/** The profile is named because one that is set for other work would be looked for in our file. */
function login({ file, credentials }: RootKey): string {
  return file === null
    ? `AWS_ACCESS_KEY_ID=${quote(credentials.accessKeyId)} AWS_SECRET_ACCESS_KEY='the secret key that you gave'`
    : `AWS_SHARED_CREDENTIALS_FILE=${quote(file)} AWS_PROFILE=default`;
}

function shorten(path: string, cwd: string): string {
  const here = relative(cwd, path);
  if (here === '') return '.';
  return here.startsWith('..') || isAbsolute(here) ? path : `./${here}`;
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
