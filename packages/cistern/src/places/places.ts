/**
 * Opens places. One store for each bucket, file or folder, and one service for each endpoint, however often they are named in
 * a command; `close` ends all of them.
 */

import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { memory } from '@cistern/store';
import type { Service, Store } from '@cistern/store';
import type { Skipped, SkippedReason } from '@cistern/store/local';
import type { Cli } from '../command/cli.ts';
import { usage } from '../failures/failure.ts';
import { parsePlace } from './place.ts';
import type { Place } from './place.ts';
import { looseMode, readRemotes, remotesPath } from './remotes.ts';
import type { Remote } from './remotes.ts';

/** The flags by which places are reached: of `placeOptions`. A remote's own settings come before them. */
export interface ReachFlags {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly anonymous?: boolean | undefined;
  readonly addressing?: 'auto' | 'path' | 'virtual' | undefined;
  /** symbolic links in folders of this machine are what they lead to: of `--follow-links`, where a command has it */
  readonly followLinks?: boolean | undefined;
}

/** Why something in a folder is no object, for people. */
const SKIPPED: Readonly<Record<SkippedReason, string>> = {
  link: 'it is a symbolic link',
  loop: 'it is a link to a folder in which it stands',
  special: 'it is no file and no folder',
  unreadable: 'it may not be read',
  name: 'its name is no text that can be a key',
};

export function skippedText(path: string, why: SkippedReason): string {
  return `${path} is left out: ${SKIPPED[why]}`;
}

/** Links and the like that are told one by one: a system's folders have thousands. */
const TOLD_MAX = 20;

/** Whether there is something that would have been an object: who copies it has not copied all. */
export function isLost(why: SkippedReason): boolean {
  return why === 'unreadable' || why === 'name';
}

/** Tells of what is left out: of everything that is lost, and of the first of the rest. */
export function skippedTeller(tell: (line: string) => void): Skipped {
  let told = 0;
  return (path, why) => {
    if (isLost(why) || told++ < TOLD_MAX) tell(skippedText(path, why));
    else if (told === TOLD_MAX + 1) tell('More links and the like are left out, and not told one by one');
  };
}

/** A place with its store. */
export interface OpenPlace {
  readonly place: Place;
  /** all of the bucket, the container, the file or the folder */
  readonly store: Store;
  /** key, or beginning of keys, in `store`; '' for all of it */
  readonly key: string;
  /** named as a folder, or a folder that is there on this machine */
  readonly isFolder: boolean;
  /** `s3` and `azure` */
  readonly service: Service | undefined;
  /** How a key of `store` is shown, and can be named again. */
  name(key: string): string;
}

/** A service that was opened, and how. */
export interface Reached {
  readonly place: Place;
  readonly service: Service;
  /** the remote's own, then those of the command line */
  readonly settings: ReachFlags & Partial<Remote>;
}

export class Places {
  /** Called for what folders of this machine have that is no object, while they are listed; what it throws ends the listing. */
  onSkipped: Skipped = skippedTeller((line) => this.#cli.warn(line));
  readonly #cli: Cli;
  readonly #services = new Map<string, Promise<Service>>();
  readonly #reached: Reached[] = [];
  readonly #stores = new Map<string, Promise<Store>>();
  #remotes: ReadonlyMap<string, Remote> | undefined;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  /** @throws {Failure} a usage error */
  parse(text: string): Place {
    return parsePlace(text, { cwd: process.cwd(), remotes: () => (this.#remotes ??= this.#readRemotes()) });
  }

  /**
   * Opens a store; asks no service for anything.
   *
   * @throws {Failure} for standard streams, and for a service without a bucket
   */
  async open(given: string | Place, flags: ReachFlags = {}): Promise<OpenPlace> {
    const place = typeof given === 'string' ? this.parse(given) : given;
    switch (place.kind) {
      case 'stdio':
        throw usage('Standard input and output cannot be used here', 'Name a place');
      case 'local':
        return this.#openLocal(place, flags);
      case 's3':
      case 'azure': {
        const { bucket, key, isFolder, text } = place;
        if (bucket === '') throw usage(`${text} names no bucket`, 'cistern ls s3:// names those there are');
        const service = await this.service(place, flags);
        const id = JSON.stringify([serviceId(place, flags), bucket]);
        const store = await this.#once(id, () => Promise.resolve(service.bucket(bucket)));
        return { place, store, key, isFolder, service, name: (one) => shown(place, one) };
      }
      default: {
        const store = await this.#once(JSON.stringify([place.kind, place.path]), () => openFile(place));
        const { key, isFolder } = place;
        return { place, store, key, isFolder, service: undefined, name: (one) => shown(place, one) };
      }
    }
  }

  /** The service above the buckets of a place. @throws {Failure} when there is none */
  async service(given: string | Place, flags: ReachFlags = {}): Promise<Service> {
    const place = typeof given === 'string' ? this.parse(given) : given;
    if (place.kind !== 's3' && place.kind !== 'azure') {
      const isName = place.kind === 'local' && /^[\w.-]+$/.test(place.text);
      throw usage(
        `${place.text} has no buckets`,
        isName ? `A bucket is s3://${place.text}` : 'Buckets are of s3:// and az://, and of remotes of these',
      );
    }
    const id = serviceId(place, flags);
    const found = this.#services.get(id);
    if (found !== undefined) return found;
    const made = connect(place, flags);
    this.#services.set(id, made);
    const service = await made;
    this.#reached.push({ place, service, settings: settingsOf(place, flags) });
    return service;
  }

  /** The services that were opened so far. */
  get reached(): readonly Reached[] {
    return this.#reached;
  }

  async close(): Promise<void> {
    const all = [...this.#stores.values(), ...this.#services.values()];
    this.#stores.clear();
    this.#services.clear();
    for (const one of await Promise.allSettled(all)) {
      if (one.status === 'fulfilled') await one.value.close();
    }
  }

  #readRemotes(): ReadonlyMap<string, Remote> {
    const { env } = this.#cli;
    const mode = looseMode(env);
    if (mode !== undefined) {
      const path = remotesPath(env);
      this.#cli.warn(`others can read the keys in ${path} (mode ${mode.toString(8)}): chmod 600 ${path}`);
    }
    return readRemotes(env);
  }

  async #openLocal(place: Place, { followLinks = false }: ReachFlags): Promise<OpenPlace> {
    const { path } = place;
    const isThere = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const isFolder = isThere || place.isFolder;
    const root = isFolder ? path : dirname(path);
    // Whoever names a link itself means what it leads to.
    const links = followLinks || !isFolder ? 'follow' : 'skip';
    const { local } = await import('@cistern/store/local');
    const onSkipped: Skipped = (skipped, why) => this.onSkipped(skipped, why);
    const store = await this.#once(JSON.stringify(['local', root, links]), () =>
      Promise.resolve(local(root, { links, onSkipped })),
    );
    const key = isFolder ? '' : basename(path);
    return { place, store, key, isFolder, service: undefined, name: (one) => join(root, one) };
  }

  #once(id: string, make: () => Promise<Store>): Promise<Store> {
    const found = this.#stores.get(id) ?? make();
    this.#stores.set(id, found);
    return found;
  }
}

/** A key as the user would name it. */
export function shown(
  { kind, bucket, text, remote, remoteKey = '', key: named }: Place,
  key: string,
): string {
  if (remote !== undefined) {
    // The object that has the name of the folder for which the remote stands is named by the remote alone.
    const own = key.startsWith(remoteKey) ? key.slice(remoteKey.length) : '';
    return `${remote.name}:${/^(?:s3|az):\/\/$/.test(remote.url) ? `${bucket}/` : ''}${own}`;
  }
  if (kind === 's3') return `s3://${bucket}/${key}`;
  if (kind === 'azure') return `az://${bucket}/${key}`;
  const file = text.slice(0, text.length - named.length).replace(/\/+$/, '');
  return kind === 'memory' ? `mem:${key}` : `${file}/${key}`;
}

async function openFile(place: Place): Promise<Store> {
  switch (place.kind) {
    case 'zip':
      return (await import('@cistern/store/zip')).zip(place.path);
    case 'sqlite':
      return (await import('@cistern/store/sqlite')).sqlite(place.path);
    case 'hashed':
      return (await import('@cistern/store/hashed')).hashed(place.path);
    default:
      return memory();
  }
}

/** A remote's own settings, then those of the command line. */
function settingsOf({ remote }: Place, flags: ReachFlags): ReachFlags & Partial<Remote> {
  const own = Object.entries(remote ?? {}).filter(([, value]) => value !== undefined);
  return { ...flags, ...(Object.fromEntries(own) as Partial<Remote>) };
}

function serviceId(place: Place, flags: ReachFlags): string {
  return JSON.stringify([place.kind, settingsOf(place, flags)]);
}

async function connect(place: Place, flags: ReachFlags): Promise<Service> {
  const { endpoint, region, profile, addressing, ...rest } = settingsOf(place, flags);
  if (place.kind === 'azure') {
    const { azureService } = await import('@cistern/store/azure');
    const { account, accountKey, sasToken, connectionString } = rest;
    const credential = rest.anonymous === true ? ('anonymous' as const) : undefined;
    return azureService({
      account,
      accountKey,
      sasToken,
      connectionString,
      credential,
      endpoint,
      // Whether an account keeps some is its own to say, when one is named.
      versions: true,
    });
  }
  const { s3Service, usualCredentials } = await import('@cistern/store/s3');
  const { accessKeyId, secretAccessKey, sessionToken, anonymous, credentialsFile } = rest;
  const keys =
    accessKeyId !== undefined && secretAccessKey !== undefined
      ? { accessKeyId, secretAccessKey, sessionToken }
      : undefined;
  const file =
    credentialsFile === undefined
      ? undefined
      : usualCredentials(
          { ...process.env, AWS_SHARED_CREDENTIALS_FILE: credentialsFile },
          { profile: profile ?? 'default', region },
        );
  const credentials = anonymous === true ? ('anonymous' as const) : (keys ?? file);
  return s3Service({ endpoint, region, profile, addressing, credentials });
}
