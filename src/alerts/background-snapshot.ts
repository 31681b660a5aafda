import { RecordWriter } from './background-records.ts';
import { fileHeader, frameOf } from './record-file.ts';
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
