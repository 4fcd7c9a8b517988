/** The tables of format 1, as its servers made them, with a bucket and an object in them. */

import { APPLICATION_ID } from './schema.ts';

export const FORMAT_1 = `
PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  region TEXT NOT NULL,
  scope INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX buckets_by_owner ON buckets (owner, name);

CREATE TABLE versions (
  bucket INTEGER NOT NULL,
  place INTEGER NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  retired_seq INTEGER,
  is_null INTEGER NOT NULL,
  delete_marker INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  storage_class TEXT NOT NULL,
  owner TEXT NOT NULL,
  manifest INTEGER,
  extents INTEGER NOT NULL,
  checksum_algorithm TEXT,
  checksum_value TEXT,
  tags TEXT,
  attributes TEXT NOT NULL,
  PRIMARY KEY (bucket, place, key, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE manifests (
  id INTEGER PRIMARY KEY,
  refs INTEGER NOT NULL,
  extents INTEGER NOT NULL,
  size INTEGER NOT NULL
) STRICT;
CREATE INDEX manifests_unreferenced ON manifests (id) WHERE refs = 0;

CREATE TABLE extents (
  manifest INTEGER NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  blob INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  PRIMARY KEY (manifest, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
  id INTEGER PRIMARY KEY,
  scope INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  state INTEGER NOT NULL,
  refs INTEGER NOT NULL,
  codec INTEGER NOT NULL,
  logical INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  location TEXT,
  data BLOB
) STRICT;
CREATE UNIQUE INDEX blobs_by_hash ON blobs (scope, sha256) WHERE location IS NOT NULL;
CREATE INDEX blobs_unreferenced ON blobs (id) WHERE refs = 0;

CREATE TABLE feed (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  key TEXT,
  size INTEGER,
  etag TEXT
) STRICT;

INSERT INTO meta VALUES ('sequence', 0);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = 1;

INSERT INTO buckets VALUES (1, 'photos', 'alice', 'us-east-1', 1, 1000);
INSERT INTO blobs VALUES (2, 1, x'2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', 1, 1, 0, 5, 5, NULL, x'68656c6c6f');
INSERT INTO manifests VALUES (2, 1, 1, 5);
INSERT INTO extents VALUES (2, 0, 5, 2, 0);
INSERT INTO versions VALUES
  (1, 0, 'k', 2, NULL, 1, 0, 2000, 5, '5d41402abc4b2a76b9719d911017c592', 'STANDARD', 'alice', 2, 1, NULL, NULL, NULL, '{}');
INSERT INTO feed VALUES (2, 2000, 1, 1, 'k', 5, '5d41402abc4b2a76b9719d911017c592');
UPDATE meta SET value = 2;
`;
