/** @module All kinds of steps, and how often each is taken. */

import fc from 'fast-check';

import type { Step } from '../choices.ts';
import { setVersioning } from './bucket.ts';
import { completeUpload } from './complete.ts';
import { listObjects, listVersions } from './list.ts';
import { copy, rename } from './move.ts';
import { getAttributes, getPart } from './parts.ts';
import { get } from './read.ts';
import { deleteObject, deleteObjects } from './remove.ts';
import { deleteSnapshot, fork, getFromSnapshot, listSnapshot, makeSnapshot, restore } from './snapshot.ts';
import { changeTags, getTags } from './tags.ts';
import {
  abortUpload,
  copyLargePart,
  copyPart,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
} from './upload.ts';
import { append, put } from './write.ts';

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: put },
  { weight: 14, arbitrary: get },
  { weight: 12, arbitrary: append },
  { weight: 6, arbitrary: deleteObject },
  { weight: 1, arbitrary: deleteObjects },
  { weight: 9, arbitrary: copy },
  { weight: 7, arbitrary: rename },
  { weight: 3, arbitrary: listObjects },
  { weight: 3, arbitrary: listVersions },
  { weight: 3, arbitrary: setVersioning },
  { weight: 3, arbitrary: makeSnapshot },
  { weight: 1, arbitrary: deleteSnapshot },
  { weight: 3, arbitrary: getFromSnapshot },
  { weight: 1, arbitrary: listSnapshot },
  { weight: 2, arbitrary: restore },
  { weight: 1, arbitrary: fork },
  { weight: 3, arbitrary: changeTags },
  { weight: 2, arbitrary: getTags },
  { weight: 2, arbitrary: getAttributes },
  { weight: 2, arbitrary: getPart },
  { weight: 3, arbitrary: createUpload },
  { weight: 7, arbitrary: uploadPart },
  { weight: 7, arbitrary: copyPart },
  { weight: 7, arbitrary: copyLargePart },
  { weight: 7, arbitrary: completeUpload },
  { weight: 1, arbitrary: abortUpload },
  { weight: 3, arbitrary: listParts },
  { weight: 1, arbitrary: listUploads },
);
