/** @module What the clients of the soak do, and how often. */

import type { Lane } from '../lane.ts';
import { list, listFolders, listVersions, snapshot } from './list.ts';
import { copyPart, multipart } from './multipart.ts';
import { attributes, get, getRange, getVersion, head, unchanged } from './read.ts';
import { cutDownload, cutUpload, refused } from './rude.ts';
import {
  append,
  copy,
  put,
  putChunked,
  putConditional,
  remove,
  removeMany,
  rename,
  setTags,
} from './write.ts';

export type Operation = (lane: Lane) => Promise<void>;

const WEIGHTS: readonly (readonly [number, Operation])[] = [
  [18, put],
  [5, putChunked],
  [4, putConditional],
  [4, append],
  [4, copy],
  [3, rename],
  [5, remove],
  [1, removeMany],
  [2, setTags],
  [20, get],
  [4, getVersion],
  [8, getRange],
  [8, head],
  [2, unchanged],
  [2, attributes],
  [5, list],
  [1, listFolders],
  [2, listVersions],
  [1, snapshot],
  [3, multipart],
  [1, copyPart],
  [2, refused],
  [1, cutUpload],
  [1, cutDownload],
];

const TURNS: readonly Operation[] = WEIGHTS.flatMap(([weight, operation]) =>
  Array.from({ length: weight }, () => operation),
);

export const pickOperation = (lane: Lane): Operation => TURNS[lane.pick(TURNS.length)] as Operation;
