/**
 * @module The soak: hours of mixed load at a bounded rate on a server with its background work on. Every answer is checked, and
 * what the process takes is sampled; in the end none of it may have grown.
 *
 * Settings: `rate` (operations a second), `warmup` (seconds that the slope of the memory leaves out), `dir` (a folder for the data).
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { expectSound } from '../model/sound.ts';
import type { Proof, Slice } from '../proof/proof.ts';
import { launchServer } from '../support/server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { judge } from './judge.ts';
import { runLoad, USERS } from './load.ts';
import { needsProcFiles, takeSample } from './samples.ts';
import type { Sample } from './samples.ts';

const RATE = 100;
const WARM_UP_SECONDS = 20 * 60;
const SAMPLE_MS = 10_000;
/** More of them say nothing new. */
const REPORTS_MAX = 20;

export const proof: Proof = {
  aims: { minutes: 120 },
  needs: needsProcFiles,
  run: async (slice) => {
    const dataDir = await mkdtemp(join(slice.settings.get('dir') ?? tmpdir(), 'cistern-soak-'));
    const server = await launchServer({
      dataDir,
      arguments: ['--threads', '2'],
      env: { CISTERN_USERS: JSON.stringify(USERS) },
    });
    try {
      await soak(slice, server, dataDir);
    } finally {
      await server.kill();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

async function soak(slice: Slice, server: ServerProcess, dataDir: string): Promise<void> {
  const pid = server.child.pid as number;
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const samples: Sample[] = [];
  const sample = async (): Promise<void> => {
    const taken = await takeSample(pid, dataDir, elapsed());
    samples.push(taken);
    if (samples.length % 30 === 0) slice.log(JSON.stringify(taken));
  };
  let reports = 0;
  const sampler = setInterval(() => {
    sample().catch((error: unknown) => slice.log(`no sample: ${String(error)}`));
  }, SAMPLE_MS);
  try {
    await runLoad({
      server,
      seed: slice.seed,
      rate: Number(slice.settings.get('rate') ?? RATE),
      over: () => slice.over() || reports >= REPORTS_MAX,
      onOperation: () => slice.count('operations'),
      onWrong: (report) => {
        reports++;
        slice.violation(report);
      },
    });
  } finally {
    clearInterval(sampler);
  }
  await sample();
  const seconds = elapsed();
  await expectSound(server.s3).catch((error: unknown) => slice.violation(`fsck: ${String(error)}`));
  const { lines, violations, judged } = judge(
    samples,
    Number(slice.settings.get('warmup') ?? WARM_UP_SECONDS),
  );
  for (const line of lines) slice.log(line);
  const busy = ((samples.at(-1)?.cpu ?? 0) / seconds) * 100;
  slice.log(`the server took ${busy.toFixed(0)} % of a core`);
  for (const report of violations) slice.violation(`${report}\n${lines.join('\n')}`);
  // Errors of the server's own; what clients did wrong is no error of it.
  const errors = server
    .log()
    .split('\n')
    .filter((line) => line !== '');
  if (errors.length > 0) slice.violation(`the server said ${errors.length} times: ${errors[0]}`);
  slice.count(judged ? 'minutes' : 'minutes too short to say whether memory grows', Math.round(seconds / 60));
}
