/** What several stores can do as one: what all can, but for what the primary decides or does alone. */

import type { Capabilities } from '../../capabilities.ts';
import type { ObjectStore } from '../../object-store.ts';

export function combinedCapabilities(
  { capabilities: primary }: ObjectStore,
  members: readonly ObjectStore[],
): Capabilities {
  const every = (has: (capabilities: Capabilities) => boolean): boolean =>
    members.every(({ capabilities }) => has(capabilities));
  const least = (limit: (capabilities: Capabilities) => number): number =>
    Math.min(...members.map(({ capabilities }) => limit(capabilities)));
  return {
    write: every(({ write }) => write),
    create: primary.create,
    ifMatch: primary.ifMatch,
    attributes: every(({ attributes }) => attributes),
    versions: primary.versions,
    durable: every(({ durable }) => durable),
    list: primary.list,
    serverSideCopy: every(({ serverSideCopy }) => serverSideCopy),
    uploads: primary.uploads,
    // The other members get the object from the primary, through this process.
    serverSideComplete: false,
    presign: false,
    keyBytesMax: least(({ keyBytesMax }) => keyBytesMax),
    objectBytesMax: least(({ objectBytesMax }) => objectBytesMax),
    metadataBytesMax: least(({ metadataBytesMax }) => metadataBytesMax),
    partBytesMin: primary.partBytesMin,
  };
}
