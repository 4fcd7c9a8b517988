/**
 * The tools, each with its own way to say the same. Others run with the flags that their manuals recommend where the default would
 * do more work than is asked for: the comment says which and why.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from '../target.ts';

export interface Tool {
  readonly name: string;
  /** as it says itself */
  readonly version: string;
  readonly env: Readonly<Record<string, string>>;
  /** a folder's files, to the keys below a prefix */
  uploadTree(folder: string, bucket: string, prefix: string): readonly string[];
  downloadTree(bucket: string, prefix: string, folder: string): readonly string[];
  uploadFile(file: string, bucket: string, key: string): readonly string[];
  downloadFile(bucket: string, key: string, file: string): readonly string[];
  sync(folder: string, bucket: string, prefix: string): readonly string[];
  /** the names of all keys below a prefix */
  list(bucket: string, prefix: string): readonly string[];
}

const LAUNCHER = fileURLToPath(new URL('../../packages/cistern/bin/cistern.js', import.meta.url));

/**
 * @param folder for their configuration, and their home
 * @param paths where a tool is, by its name, if not in PATH
 */
export function findTools(
  target: Target,
  folder: string,
  paths: Readonly<Record<string, string | undefined>>,
): Tool[] {
  const env = environment(target, folder);
  const made = [
    cistern(env),
    aws(env, paths['aws'] ?? 'aws'),
    rclone(env, target, paths['rclone'] ?? 'rclone', []),
    rclone(env, target, paths['rclone'] ?? 'rclone', TUNED),
    s3cmd(env, target, folder, paths['s3cmd'] ?? 's3cmd'),
  ];
  return made.filter(({ name, version }) => {
    if (version === '') console.error(`not measured: ${name} is not installed`);
    return version !== '';
  });
}

function environment(target: Target, folder: string): Record<string, string> {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    LC_ALL: 'C.UTF-8',
    AWS_ACCESS_KEY_ID: target.accessKeyId,
    AWS_SECRET_ACCESS_KEY: target.secretAccessKey,
    AWS_REGION: target.region,
    AWS_DEFAULT_REGION: target.region,
    AWS_ENDPOINT_URL: target.endpoint.origin,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

function versionOf(command: string, args: readonly string[], env: Readonly<Record<string, string>>): string {
  const { status, stdout } = spawnSync(command, args, { env, encoding: 'utf8' });
  return status === 0 ? (/\d+\.\d[\w.-]*/.exec(stdout)?.[0] ?? '') : '';
}

function cistern(env: Readonly<Record<string, string>>): Tool {
  const command = [process.execPath, LAUNCHER];
  return {
    name: 'cistern',
    version: versionOf(process.execPath, [LAUNCHER, '--version'], env),
    env,
    uploadTree: (from, bucket, prefix) => [...command, 'cp', '-qr', from, `s3://${bucket}/${prefix}/`],
    downloadTree: (bucket, prefix, to) => [...command, 'cp', '-qr', `s3://${bucket}/${prefix}/`, to],
    uploadFile: (file, bucket, key) => [...command, 'cp', '-q', file, `s3://${bucket}/${key}`],
    downloadFile: (bucket, key, file) => [...command, 'cp', '-q', `s3://${bucket}/${key}`, file],
    sync: (from, bucket, prefix) => [...command, 'sync', '-q', from, `s3://${bucket}/${prefix}/`],
    list: (bucket, prefix) => [...command, 'ls', '-r', `s3://${bucket}/${prefix}/`],
  };
}

function aws(env: Readonly<Record<string, string>>, path: string): Tool {
  const s3 = [path, '--endpoint-url', env['AWS_ENDPOINT_URL'] ?? '', 's3'];
  const quiet = '--only-show-errors';
  return {
    name: 'aws',
    version: versionOf(path, ['--version'], env),
    env,
    uploadTree: (from, bucket, prefix) => [
      ...s3,
      'cp',
      quiet,
      '--recursive',
      from,
      `s3://${bucket}/${prefix}/`,
    ],
    downloadTree: (bucket, prefix, to) => [
      ...s3,
      'cp',
      quiet,
      '--recursive',
      `s3://${bucket}/${prefix}/`,
      to,
    ],
    uploadFile: (file, bucket, key) => [...s3, 'cp', quiet, file, `s3://${bucket}/${key}`],
    downloadFile: (bucket, key, file) => [...s3, 'cp', quiet, `s3://${bucket}/${key}`, file],
    sync: (from, bucket, prefix) => [...s3, 'sync', quiet, from, `s3://${bucket}/${prefix}/`],
    list: (bucket, prefix) => [...s3, 'ls', '--recursive', `s3://${bucket}/${prefix}/`],
  };
}

/** As wide as our own default. */
const TUNED = ['--transfers', '32', '--checkers', '32', '--fast-list', '--s3-upload-concurrency', '8'];

function rclone(
  env: Readonly<Record<string, string>>,
  target: Target,
  path: string,
  more: readonly string[],
): Tool {
  // A bucket that is there need not be made again.
  const command = [path, ...more, '--s3-no-check-bucket'];
  return {
    name: more.length === 0 ? 'rclone' : 'rclone tuned',
    version: versionOf(path, ['version'], env),
    env: {
      ...env,
      RCLONE_CONFIG_R_TYPE: 's3',
      RCLONE_CONFIG_R_PROVIDER: 'Other',
      RCLONE_CONFIG_R_ENDPOINT: target.endpoint.origin,
      RCLONE_CONFIG_R_REGION: target.region,
      RCLONE_CONFIG_R_ENV_AUTH: 'true',
    },
    uploadTree: (from, bucket, prefix) => [...command, 'copy', from, `r:${bucket}/${prefix}`],
    downloadTree: (bucket, prefix, to) => [...command, 'copy', `r:${bucket}/${prefix}`, to],
    uploadFile: (file, bucket, key) => [...command, 'copyto', file, `r:${bucket}/${key}`],
    downloadFile: (bucket, key, file) => [...command, 'copyto', `r:${bucket}/${key}`, file],
    // Without these it asks for each object's own time by a request of its own.
    sync: (from, bucket, prefix) => [
      ...command,
      'sync',
      '--update',
      '--use-server-modtime',
      from,
      `r:${bucket}/${prefix}`,
    ],
    list: (bucket, prefix) => [...command, 'lsf', '-R', '--files-only', `r:${bucket}/${prefix}`],
  };
}

function s3cmd(env: Readonly<Record<string, string>>, target: Target, folder: string, path: string): Tool {
  const config = join(folder, 's3cfg');
  const { host, protocol } = target.endpoint;
  const lines = [
    '[default]',
    `access_key = ${target.accessKeyId}`,
    `secret_key = ${target.secretAccessKey}`,
    `host_base = ${host}`,
    `host_bucket = ${host}`,
    `bucket_location = ${target.region}`,
    `use_https = ${protocol === 'https:' ? 'True' : 'False'}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const command = [path, '--config', config, '--quiet', '--no-progress'];
  return {
    name: 's3cmd',
    version: versionOf(path, ['--version'], env),
    env,
    uploadTree: (from, bucket, prefix) => [
      ...command,
      'put',
      '--recursive',
      `${from}/`,
      `s3://${bucket}/${prefix}/`,
    ],
    downloadTree: (bucket, prefix, to) => [
      ...command,
      'get',
      '--recursive',
      `s3://${bucket}/${prefix}/`,
      `${to}/`,
    ],
    uploadFile: (file, bucket, key) => [...command, 'put', file, `s3://${bucket}/${key}`],
    downloadFile: (bucket, key, file) => [...command, 'get', `s3://${bucket}/${key}`, file],
    // Else it reads every file for its MD5.
    sync: (from, bucket, prefix) => [
      ...command,
      'sync',
      '--no-check-md5',
      `${from}/`,
      `s3://${bucket}/${prefix}/`,
    ],
    list: (bucket, prefix) => [...command, 'ls', '--recursive', `s3://${bucket}/${prefix}/`],
  };
}
