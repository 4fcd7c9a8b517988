/** @module What a command takes: its time, the processor's time of all its processes, and the memory of the largest. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { suite, test } from 'node:test';
import { needsPeakMemory } from '../../tests/support/peak-memory.ts';
import { runTool } from './run-tool.ts';

const ENV = { PATH: process.env['PATH'] ?? '' };
const WORK = 'while (process.cpuUsage().user < 300000);';

suite('run-tool', { skip: needsPeakMemory }, () => {
  test('processes that it starts are counted, too', async () => {
    const nested = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(WORK)}])`;
    const { seconds, cpuSeconds, peakBytes } = await runTool([process.execPath, '-e', nested], ENV, tmpdir());
    assert.ok(cpuSeconds >= 0.3, `${cpuSeconds}`);
    assert.ok(seconds >= 0.3, `${seconds}`);
    assert.ok(peakBytes > 20e6, `${peakBytes}`);
  });

  test('one that fails is told by what it said', async () => {
    const failing = [process.execPath, '-e', "console.error('no such thing'); process.exit(3)"];
    await assert.rejects(runTool(failing, ENV, tmpdir()), /ended with 3: .*no such thing/s);
  });
});
