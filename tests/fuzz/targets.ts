/** @module Every reader of bytes from outside that is fuzzed, by what its inputs are. */

import type { FuzzTarget } from './target.ts';
import { ARCHIVES } from './targets/archives.ts';
import { CLIENTS } from './targets/clients.ts';
import { XML_TARGETS } from './targets/documents.ts';
import { FORMATS } from './targets/formats.ts';
import { REQUESTS } from './targets/requests.ts';
import { SIGNATURES } from './targets/signatures.ts';
import { VALUES } from './targets/values.ts';

export const KINDS: Readonly<Record<string, readonly FuzzTarget[]>> = {
  'request heads': REQUESTS,
  'signatures and chunks': SIGNATURES,
  'XML documents': XML_TARGETS,
  'header values': VALUES,
  'stored formats': FORMATS,
  archives: ARCHIVES,
  'answers, files and arguments': CLIENTS,
};

export const TARGETS: readonly FuzzTarget[] = Object.values(KINDS).flat();
