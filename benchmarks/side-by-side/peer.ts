/**
 * @module One `--peer`: a server of others, how it is reached and started, and what it promises about writes.
 */

import { type Group, parseGroups } from '../rows/row.ts';
import type { Target } from '../target.ts';

export interface Peer extends Omit<Target, 'startMilliseconds'> {
  /** for the shell; runs it in the foreground, on a directory of its own choice */
  start?: string;
  /** whether a write is on the disk before it is answered */
  syncs: boolean;
  /** the same in words, for the head of the report */
  durability: string;
  /** the rows in which it takes part; undefined: all */
  only?: ReadonlySet<Group>;
}

const SETTING = /,(?=(?:pid|data|start|syncs|durability|region|only)=)/;
const SHAPE =
  'name=URL,ACCESS KEY,SECRET KEY and then any of ,pid= ,data= ,start= ,syncs= ,durability= ,region= ,only=';

/** Values may hold commas, but no comma followed by the name of another setting. Throws with the shape to use. */
export function parsePeer(text: string): Peer {
  const [address = '', ...settings] = text.split(SETTING);
  const [, name, url, accessKeyId, secretAccessKey] =
    /^([^=,]+)=([^,]+),([^,]+),([^,]+)$/.exec(address) ?? [];
  if (name === undefined || !accessKeyId || !secretAccessKey || url === undefined || !URL.canParse(url)) {
    throw new Error(`--peer takes ${SHAPE}`);
  }
  const given = new Map(settings.map((setting) => splitAt(setting, setting.indexOf('='))));
  const syncs = given.get('syncs') ?? 'no';
  if (syncs !== 'yes' && syncs !== 'no')
    throw new Error(`syncs= of --peer ${name} is yes or no; not ${syncs}`);
  const pid = given.get('pid');
  const dataDirectory = given.get('data');
  const start = given.get('start');
  const only = given.get('only');
  if (pid !== undefined && !/^[1-9]\d*$/.test(pid))
    throw new Error(`pid= of --peer ${name} is a number; not ${pid}`);
  return {
    name,
    endpoint: new URL(url),
    accessKeyId,
    secretAccessKey,
    region: given.get('region') ?? 'us-east-1',
    syncs: syncs === 'yes',
    durability: given.get('durability') ?? (syncs === 'yes' ? 'syncs before it answers' : 'not stated'),
    ...(pid !== undefined && { pid: Number(pid) }),
    ...(dataDirectory !== undefined && { dataDirectory }),
    ...(start !== undefined && { start }),
    ...(only !== undefined && { only: new Set(parseGroups(only)) }),
  };
}

function splitAt(text: string, index: number): [string, string] {
  return [text.slice(0, index), text.slice(index + 1)];
}
