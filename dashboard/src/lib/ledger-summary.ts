import type { LedgerLine } from '../../../src/core/ledger.ts';

/** The stages of one source, and what they amount to. */
export interface SourceLedger {
  readonly source: string;
  readonly lines: readonly LedgerLine[];
  /** Readings that came in at the first stage. */
  readonly received: number;
  /** What left the last stage. */
  readonly emitted: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly droppedTotal: number;
  readonly inFlight: number;
  readonly sums: boolean;
}

/** Groups the ledger's lines by source, in the order of their stages. */
export function ledgerBySource(lines: readonly LedgerLine[]): SourceLedger[] {
  const groups = new Map<string, LedgerLine[]>();
  for (const line of lines) {
    const group = groups.get(line.source);
    if (group) group.push(line);
    else groups.set(line.source, [line]);
  }
  return [...groups].map(([source, own]) => {
    const dropped: Record<string, number> = {};
    for (const line of own) {
      for (const [reason, count] of Object.entries(line.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
    }
    return {
      source,
      lines: own,
      received: own[0]?.received ?? 0,
      emitted: own.at(-1)?.emitted ?? 0,
      dropped,
      droppedTotal: Object.values(dropped).reduce((sum, count) => sum + count, 0),
      inFlight: own.reduce((sum, line) => sum + line.inFlight, 0),
      sums: own.every((line) => line.sums),
    };
  });
}
