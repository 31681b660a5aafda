import { UsageError } from '../core/errors.ts';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import type { Bundle } from '../encoders/bundle.ts';
import type { MqttBus } from '../inputs/mqtt-bus.ts';
import { openSource } from '../inputs/open-source.ts';
import type { LoadedConfig } from './config.ts';
import { audioRateHz, requireEncoder, requireFusion } from './senses.ts';
import { checkSimulated } from './simulated-sources.ts';

/** Where a source that is only looked at believes its messages to come from. */
const noBus: MqttBus = {
  url: '',
  subscribe: () => () => undefined,
  onConnection: () => () => undefined,
  publish: () => false,
  stop: () => Promise.resolve(),
};

/**
 * Whether every source of a config could be opened with this bundle: scheme, protocol, format and their fields; and whether the bundle
 * can fuse them as the config wants. Touches no device.
 *
 * @throws UsageError with file, line and path of the first that could not
 */
export function checkSources({ config, at }: Pick<LoadedConfig, 'config' | 'at'>, bundle: Bundle): void {
  const context = { clock: hostClock, ledger: new Ledger(), log: silentLog, audioRateHz: audioRateHz(bundle), bus: noBus };
  for (const [i, source] of config.sources.entries()) {
    try {
      requireEncoder(bundle, source);
      if (source.from.startsWith('simulate:')) checkSimulated(source);
      else openSource(source, context);
    } catch (error) {
      throw placed(at(['sources', i]), error);
    }
  }
  try {
    requireFusion(bundle, config);
  } catch (error) {
    throw placed(at(['fusion', 'how']), error);
  }
}

/** The same error, with the place in the config that it is about. */
export const placed = (place: string, error: unknown): unknown =>
  error instanceof UsageError ? new UsageError(error.code, `${place}: ${error.message}`, { cause: error }) : error;
