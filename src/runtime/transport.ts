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

  const broker = config.broker.url === undefined ? await startBroker({ port: config.broker.port ?? DEFAULT_BROKER_PORT, log }) : undefined;
  const url = config.broker.url ?? broker?.url ?? '';
  if (broker) log.info({ url }, 'embedded MQTT broker listens');
  const simulated = await resolveSimulated(config.sources, { mqttUrl: url, log });
  const bus = simulated.sources.some((source) => source.from.startsWith('mqtt:')) ? connectBus({ url, clock, log }) : undefined;
  return {
    sources: simulated.sources,
    bus,
    stop: async () => {
      await simulated.stop();
      await bus?.stop();
      await broker?.stop();
    },
  };
}
