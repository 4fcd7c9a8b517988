/**
 * Etags of a fan-out: the primary's as they are, those of other members with the member's number before them, so that they
 * are never taken for the primary's and lead a later read to the store that gave them.
 */

import type { ListEntry, ObjectInfo } from '../../object-store.ts';

const OF_MEMBER = /^fanout-(\d{1,4})\.(.*)$/s;

export function outEtag(etag: string, member: number): string {
  return member === 0 ? etag : `fanout-${member}.${etag}`;
}

export function outInfo(info: ObjectInfo, member: number): ObjectInfo {
  return member === 0 ? info : { ...info, etag: outEtag(info.etag, member), version: undefined };
}

export function outEntry(entry: ListEntry, member: number): ListEntry {
  if (member === 0 || entry.type === 'prefix') return entry;
  const { etag } = entry;
  return { ...entry, etag: etag === undefined ? undefined : outEtag(etag, member), version: undefined };
}

/** Whose etag it is, and what that member calls it. */
export function memberEtag(etag: string): { readonly member: number; readonly etag: string } {
  const [, member, own] = OF_MEMBER.exec(etag) ?? [];
  return member === undefined || own === undefined
    ? { member: 0, etag }
    : { member: Number(member), etag: own };
}
