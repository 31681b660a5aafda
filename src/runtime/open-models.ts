import type { EncodeOptions } from '../core/encoder.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import { openBundle } from '../encoders/bundle.ts';
import { manifestStamp } from './bundle-watch.ts';
import { findBundle } from './bundles.ts';
import { checkSources, placed } from './check-sources.ts';
import type { Config, LoadedConfig } from './config.ts';
import { encoderOptions } from './encoder-options.ts';
import { ModelHost } from './model-host.ts';

export interface OpenModelsOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  /** The config in force, which is the loaded one until it is edited. */
  readonly config: () => Config;
  /** Over the config's terms for windows that come faster than their encoder. */
  readonly encode: () => EncodeOptions;
}

/**
 * Opens a config's bundle, checks that its sources could be opened with it, and starts its encoders.
 *
 * @throws UsageError with the place in the config
 */
export async function openModels(loaded: LoadedConfig, { ledger, log, ...options }: OpenModelsOptions): Promise<ModelHost> {
  const { config, folder } = loaded;
  const dir = findBundle(config.model, folder);
  const seen = await manifestStamp(dir);
  const bundle = await openBundle(dir).catch((error: unknown) => {
    throw placed(loaded.at(['model']), error);
  });
  checkSources(loaded, bundle);
  const encoders = { ...encoderOptions(loaded), clock: hostClock, ledger, log };
  return ModelHost.open(bundle, seen, { ...options, encoders, clock: hostClock, log });
}
