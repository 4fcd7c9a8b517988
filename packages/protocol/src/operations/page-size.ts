/** @module How many entries a page of uploads or of parts may have. */

import type { Query } from '../target.ts';
import { parseCount } from './list-objects.ts';

export const PAGE_SIZE_MAX = 1000;

/** More than a page may be asked for; a page is what comes. @throws S3Error InvalidArgument */
export function parsePageSize(query: Query, parameter: string): number {
  const value = query.get(parameter) ?? '';
  if (value === '') return PAGE_SIZE_MAX;
  return Math.min(parseCount(parameter, value, { least: 0, most: 2 ** 31 - 1 }), PAGE_SIZE_MAX);
}
