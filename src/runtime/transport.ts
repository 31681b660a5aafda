import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Clock } from '../core/time.ts';
import { startBroker } from '../inputs/embedded-broker.ts';
import type { MqttBus } from '../inputs/mqtt-bus.ts';
import { connectBus } from '../inputs/mqtt-client.ts';
import type { Config } from './config.ts';
import { resolveSimulated } from './simulated-sources.ts';

/** The broker, the connection to it, and the simulator, as far as the sources need them. */
export interface Transport {
  /** The sources as configured, with `simulate:` replaced by what the simulator really speaks. */
  readonly sources: readonly SourceConfig[];
  readonly bus: MqttBus | undefined;
  stop(): Promise<void>;
}

const DEFAULT_BROKER_PORT = 1883;

/** Brings up what lies between the devices and the inputs. Without `broker.url` an embedded broker listens on loopback. */
export async function startTransport(
  config: Pick<Config, 'broker' | 'sources'>,
  { clock, log }: { clock: Clock; log: Log },
): Promise<Transport> {
  const uses = (scheme: string): boolean => config.sources.some((source) => source.from.startsWith(scheme));
  if (!uses('mqtt:') && !uses('simulate:')) return { sources: config.sources, bus: undefined, stop: () => Promise.resolve() };

  // Undone last to first, at the end or where a later part does not come up.
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of undo.splice(0).reverse()) await one();
  };
  try {
    let { url } = config.broker;
    if (url === undefined) {
      const broker = await startBroker({ port: config.broker.port ?? DEFAULT_BROKER_PORT, log });
      undo.push(() => broker.stop());
      log.info({ url: broker.url }, 'embedded MQTT broker listens');
      ({ url } = broker);
    }
    const simulated = await resolveSimulated(config.sources, { mqttUrl: url, log });
    undo.push(() => simulated.stop());
    const bus = simulated.sources.some((source) => source.from.startsWith('mqtt:')) ? connectBus({ url, clock, log }) : undefined;
    if (bus) undo.push(() => bus.stop());
    return { sources: simulated.sources, bus, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
