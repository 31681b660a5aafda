import { readRecords, RecordWriter } from './background-records.ts';
import type { KeptBackground } from './kept-backgrounds.ts';
import { fileHeader, frameOf, framesIn } from './record-file.ts';
import type { Kept } from '../space/familiar.ts';
import type { RuleEngine } from './rule-engine.ts';

/** What was learnt up to a moment, for a recording. */
export interface BackgroundSnapshot {
  /** The file that `BackgroundStore` would begin with. */
  readonly base: Uint8Array;
  /** Backgrounds and memories for which there was no room. */
  readonly leftOut: number;
}

/** All that the rules have learnt of their sources at this moment, in at most so many bytes. */
export function backgroundSnapshot(engine: RuleEngine, maxBytes: number): BackgroundSnapshot {
  const writer = new RecordWriter();
  let leftOut = 0;
  for (const { cells, perDay, ...name } of engine.backgrounds()) {
    if (writer.size + cells.byteLength > maxBytes) leftOut++;
    else writer.cells({ ...name, ...(perDay !== undefined && { perDay }) }, cells);
  }
  for (const { source, space, kept } of engine.familiars()) {
    if (writer.size + kept.vector.byteLength > maxBytes) leftOut++;
    else writer.familiar(source, space, kept);
  }
  return { base: Buffer.concat([fileHeader(), frameOf(writer.take())]), leftOut };
}

/**
 * What a snapshot holds.
 *
 * @throws EdgeBindError where it is no snapshot, or one of a newer version
 */
export function snapshotContent(base: Uint8Array): {
  readonly backgrounds: readonly KeptBackground[];
  readonly familiars: readonly { readonly source: string; readonly space: string; readonly kept: Kept }[];
} {
  const backgrounds: KeptBackground[] = [];
  const familiars: { source: string; space: string; kept: Kept }[] = [];
  for (const body of framesIn(base, 'the recorded state of learning'))
    readRecords(body, new Map(), {
      cells: (name, cells) => backgrounds.push({ ...name, cells }),
      score: () => undefined,
      verdict: () => undefined,
      familiar: (source, space = '', kept) => familiars.push({ source, space, kept }),
    });
  return { backgrounds, familiars };
}
