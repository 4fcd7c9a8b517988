/**
 * Rows and results that tests compare.
 */

import { machineFacts } from '../machine.ts';
import type { Row } from '../rows/row.ts';
import type { ContenderResult, SideBySideResult } from './result.ts';

export function rowOf(id: string, parts: Partial<Row>): Row {
  return {
    id,
    group: 'put',
    connections: 64,
    requests: 1000,
    errors: 0,
    seconds: 1,
    requestsPerSecond: 1000,
    p50_ms: 1,
    p99_ms: 2,
    clientCores: 0.1,
    client: 'wrk',
    ...parts,
  };
}

export function contenderOf(name: string, medians: Row[], parts: Partial<ContenderResult>): ContenderResult {
  return { name, durability: '', syncs: false, medians, rows: medians, skipped: [], ...parts };
}

export function sideBySide(contenders: ContenderResult[]): SideBySideResult {
  const machine = machineFacts(undefined);
  return { sideBySideVersion: 1, date: '2026-01-01T00:00:00.000Z', rounds: 1, machine, contenders };
}
