import type { Encoders } from '../core/encoder.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import { openBundle, type Bundle } from '../encoders/bundle.ts';
import { startEncoders } from '../encoders/encoder-pool.ts';
import { findBundle } from './bundles.ts';
import { checkSources, placed } from './check-sources.ts';
import type { LoadedConfig } from './config.ts';
import { encoderOptions } from './encoder-options.ts';

/**
 * Opens a config's bundle, checks that its sources could be opened with it, and starts its encoders.
 *
 * @throws UsageError with the place in the config
 */
export async function openEncoders(
  loaded: LoadedConfig,
  { ledger, log }: { ledger: Ledger; log: Log },
): Promise<{ bundle: Bundle; encoders: Encoders }> {
  const { config, folder } = loaded;
  const bundle = await openBundle(findBundle(config.model, folder)).catch((error: unknown) => {
    throw placed(loaded.at(['model']), error);
  });
  checkSources(loaded, bundle);
  const encoders = await startEncoders(bundle, { ...encoderOptions(loaded), clock: hostClock, ledger, log });
  return { bundle, encoders };
}
