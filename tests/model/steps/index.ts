/** @module All kinds of steps, and how often each is taken. */

import fc from 'fast-check';

import type { Step } from '../choices.ts';
import { setVersioning } from './bucket.ts';
import { listObjects, listVersions } from './list.ts';
import { copy, rename } from './move.ts';
import { get } from './read.ts';
import { deleteObject, deleteObjects } from './remove.ts';
import { append, put } from './write.ts';

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: put },
  { weight: 12, arbitrary: get },
  { weight: 6, arbitrary: append },
  { weight: 8, arbitrary: deleteObject },
  { weight: 2, arbitrary: deleteObjects },
  { weight: 7, arbitrary: copy },
  { weight: 4, arbitrary: rename },
  { weight: 3, arbitrary: listObjects },
  { weight: 3, arbitrary: listVersions },
  { weight: 2, arbitrary: setVersioning },
);
