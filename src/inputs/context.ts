import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { MqttBus } from './mqtt-bus.ts';

/** What every input is given. */
export interface InputContext {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly log: Log;
  /** Sound is resampled to this rate at capture: what the bundle's audio front end wants. */
  readonly audioRateHz: number;
  /** The one connection that all `mqtt:` sources share; absent where no source needs a broker. */
  readonly bus?: MqttBus;
}
