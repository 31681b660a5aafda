import type { Encoders } from '../core/encoder.ts';
import { UsageError } from '../core/errors.ts';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import type { EncoderModality } from '../core/types.ts';
import { openBundle, type Bundle } from '../encoders/bundle.ts';
import { startEncoders } from '../encoders/encoder-pool.ts';
import { findBundle } from '../runtime/bundles.ts';

/**
 * Opens a bundle, starts its encoders for the senses that are needed, and stops them when the work is done.
 *
 * @throws UsageError where the bundle is broken or lacks an encoder for one of them
 */
export async function withEncoders<T>(
  model: string,
  needed: readonly EncoderModality[],
  work: (encoders: Encoders, bundle: Bundle) => Promise<T>,
): Promise<T> {
  const bundle = await openBundle(findBundle(model, process.cwd()));
  const absent = needed.find((modality) => !bundle.entries.has(modality));
  if (absent)
    throw new UsageError('NO_ENCODER', `${bundle.dir} has no encoder for ${absent}; it has ${[...bundle.entries.keys()].join(', ')}`);
  // The other graphs may be gigabytes that nobody asks for.
  const part: Bundle = { ...bundle, entries: new Map([...bundle.entries].filter(([modality]) => needed.includes(modality))) };
  const encoders = await startEncoders(part, { ledger: new Ledger(), log: silentLog });
  try {
    return await work(encoders, part);
  } finally {
    await encoders.stop();
  }
}
