/** What the scrub has seen: blobs that are damaged, and those that are whole again; checks that were missing; how far it is. */

import type { ScrubNote } from '../../scrub.ts';
import { blobSum } from '../row-sums.ts';
import { keepChecks } from './blobs.ts';
import type { WriteContext } from './context.ts';

/** What it says of blobs that are gone meanwhile is of no interest. */
export function noteScrub({ sql, now }: WriteContext, note: ScrubNote): undefined {
  const { checks } = sql;
  for (const { blob, reason } of note.damaged ?? []) checks.noteDamage.run(now(), reason, blob);
  for (const blob of note.whole ?? []) checks.clearDamage.run(blob);
  for (const { blob, sums } of note.checks ?? []) {
    if (checks.setSum.run(blobSum(blob, sums), blob).changes === 0) continue;
    checks.delete.run(blob);
    keepChecks(sql, blob, sums);
  }
  for (const { blob, sum } of note.inlineSums ?? []) checks.setSum.run(sum, blob);
  if (note.progress !== undefined) {
    const { after, began, rounds } = note.progress;
    checks.setProgress.run('scrub_after', after);
    checks.setProgress.run('scrub_began', began);
    checks.setProgress.run('scrub_rounds', rounds);
  }
  return undefined;
}
