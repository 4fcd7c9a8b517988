/**
 * AWS's shared files, `config` and `credentials`: profiles and what they say. Only reads; what a profile means is not its
 * business. Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of one profile; names in lower case. */
export type Profile = Readonly<Record<string, string>>;

export interface SharedFiles {
  /** where they were looked for, for messages */
  readonly paths: readonly string[];
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** In containers there are users of whom the system knows nothing but a number: their home has no files. */
function systemHome(): string {
  try {
    return homedir();
  } catch {
    return '/dev/null';
  }
}

/** Files that are not there are empty. What stands in `credentials` wins. */
export function readSharedFiles(env: Environment): SharedFiles {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? systemHome();
  const config = env['AWS_CONFIG_FILE'] ?? join(home, '.aws', 'config');
  const credentials = env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(home, '.aws', 'credentials');
  const profiles = new Map<string, Record<string, string>>();
  const add = (name: string, settings: ReadonlyMap<string, string>): void => {
    profiles.set(name, { ...profiles.get(name), ...Object.fromEntries(settings) });
  };
  for (const [section, settings] of parseIni(readText(config))) {
    const name = /^profile\s+(.+)$/.exec(section)?.[1] ?? (section === 'default' ? section : undefined);
    if (name !== undefined) add(unquote(name), settings);
  }
  for (const [section, settings] of parseIni(readText(credentials))) add(section, settings);
  return { paths: [credentials, config], profiles };
}

/** @returns sections with their settings; settings of settings (lines that are indented) are left out */
export function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const section = /^\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      current = sections.get(section) ?? new Map<string, string>();
      sections.set(section, current);
      continue;
    }
    const equals = line.indexOf('=');
    if (current === undefined || equals === -1 || /^\s/.test(line)) continue;
    // A comment behind a value begins after a blank: a secret may hold the sign itself.
    const value = line.slice(equals + 1).replace(/\s[#;].*$/, '');
    current.set(line.slice(0, equals).trim().toLowerCase(), value.trim());
  }
  return sections;
}

function unquote(name: string): string {
  return name.replace(/^(["'])(.*)\1$/, '$2');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw error;
  }
}
