/** The statements of a store's database, prepared once, each with the type of its rows. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Attributes, ObjectInfo } from '../../object-store.ts';
import { CHUNK_BITS } from './database.ts';

export interface ListedRow {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modified_ms: number;
}

export interface ObjectRow extends ListedRow {
  readonly content: number;
  readonly attributes: string | null;
}

/** Where the chunks of a content begin. */
export interface Geometry {
  readonly content: number;
  readonly part_bytes: number;
  readonly chunk_bytes: number;
}

/** An object with the chunk that is all of it, if one is. */
export interface ReadRow extends ObjectRow, Geometry {
  readonly bytes: Uint8Array | null;
}

export interface UploadRow extends Geometry {
  readonly key: string;
  readonly attributes: string | null;
  readonly started_ms: number;
  readonly writer: number;
  readonly committed: number;
}

const CHUNK_ID = `((?1 << ${CHUNK_BITS}) | ?2)`;
const UPLOAD = `SELECT u.content, u.key, u.attributes, u.started_ms, u.writer, u.committed, c.part_bytes, c.chunk_bytes
  FROM uploads u JOIN contents c ON c.id = u.content`;
const LISTED = 'SELECT key, size, etag, modified_ms FROM objects WHERE key >= ?';

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(db: DatabaseSync) {
  // The caller knows what its SQL selects.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  const one = <Row>(sql: string): ((...values: SQLInputValue[]) => Row | undefined) => {
    const statement = db.prepare(sql);
    return (...values) => statement.get(...values) as Row | undefined;
  };
  const all = <Row>(sql: string): ((...values: SQLInputValue[]) => Row[]) => {
    const statement = db.prepare(sql);
    return (...values) => statement.all(...values) as unknown as Row[];
  };
  /** @returns rows that were changed */
  const run = (sql: string): ((...values: SQLInputValue[]) => number) => {
    const statement = db.prepare(sql);
    return (...values) => Number(statement.run(...values).changes);
  };
  return {
    object: one<ObjectRow>('SELECT * FROM objects WHERE key = ?'),
    read: one<ReadRow>(`
      SELECT o.*, c.part_bytes, c.chunk_bytes, k.bytes
      FROM objects o JOIN contents c ON c.id = o.content
      LEFT JOIN chunks k ON o.size <= c.chunk_bytes AND k.id = c.id << ${CHUNK_BITS}
      WHERE o.key = ?`),
    putObject: run('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)'),
    deleteObject: run('DELETE FROM objects WHERE key = ?'),
    page: all<ListedRow>(`${LISTED} ORDER BY key LIMIT 0 + ?`),
    pageBefore: all<ListedRow>(`${LISTED} AND key < ? ORDER BY key LIMIT 0 + ?`),

    newContent: one<{ id: number }>(
      `INSERT INTO contents (part_bytes, chunk_bytes, refs, uploaded, expires_ms) VALUES (?, ?, ?, ?, ?) RETURNING id`,
    ),
    geometry: one<Geometry & { uploaded: number }>(
      'SELECT id AS content, part_bytes, chunk_bytes, uploaded FROM contents WHERE id = ?',
    ),
    /** a published content that gets an object, or an upload's that is now an object's */
    publishContent: run('UPDATE contents SET size = ?, refs = ?, expires_ms = NULL WHERE id = ?'),
    share: run('UPDATE contents SET refs = refs + 1 WHERE id = ?'),
    unshare: one<{ refs: number }>('UPDATE contents SET refs = refs - 1 WHERE id = ? RETURNING refs'),
    expireAt: run('UPDATE contents SET expires_ms = ? WHERE id = ?'),
    /** changes nothing of a content that has refs */
    keepUntil: run(
      'UPDATE contents SET expires_ms = max(expires_ms, ?) WHERE id = ? AND expires_ms IS NOT NULL',
    ),
    expiry: one<{ expires_ms: number | null }>('SELECT expires_ms FROM contents WHERE id = ?'),
    nextExpiry: one<{ expires_ms: number | null }>(
      'SELECT min(expires_ms) AS expires_ms FROM contents WHERE expires_ms IS NOT NULL',
    ),
    expired: all<{ id: number }>(
      'SELECT id FROM contents WHERE expires_ms IS NOT NULL AND expires_ms <= ? ORDER BY expires_ms LIMIT 0 + ?',
    ),
    deleteContent: run('DELETE FROM contents WHERE id = ?'),

    putChunk: run(`INSERT OR REPLACE INTO chunks (id, bytes) VALUES (${CHUNK_ID}, ?3)`),
    chunk: one<{ bytes: Uint8Array }>(`SELECT bytes FROM chunks WHERE id = ${CHUNK_ID}`),
    deleteChunks: run(
      `DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE id >= ?1 << ${CHUNK_BITS} AND id < (?1 + 1) << ${CHUNK_BITS} LIMIT 0 + ?2)`,
    ),

    putUpload: run('INSERT INTO uploads VALUES (?, ?, ?, ?, 1, 0)'),
    upload: one<UploadRow>(`${UPLOAD} WHERE u.content = ?`),
    newestUpload: one<UploadRow>(`${UPLOAD} WHERE u.key = ? ORDER BY u.content DESC LIMIT 1`),
    uploadPage: all<UploadRow>(
      `${UPLOAD} WHERE (u.key, u.content) > (?, ?) ORDER BY u.key, u.content LIMIT 0 + ?`,
    ),
    takeUpload: run('UPDATE uploads SET writer = writer + 1 WHERE content = ?'),
    commitUpload: run('UPDATE uploads SET committed = max(committed, ?) WHERE content = ?'),
    deleteUpload: run('DELETE FROM uploads WHERE content = ?'),
    /** neither in progress nor published: aborted */
    uploadState: one<{ committed: number | null; size: number | null }>(
      'SELECT u.committed, c.size FROM contents c LEFT JOIN uploads u ON u.content = c.id WHERE c.id = ?',
    ),
  };
}

export function toInfo({ key, size, etag, modified_ms, attributes }: ObjectRow): ObjectInfo {
  return { key, size, etag, lastModified: new Date(modified_ms), attributes: readAttributes(attributes) };
}

export function readAttributes(text: string | null): Attributes {
  return text === null ? {} : (JSON.parse(text) as Attributes);
}
