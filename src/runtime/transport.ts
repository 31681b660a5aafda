import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Clock } from '../core/time.ts';
import { startBroker, type EmbeddedBroker } from '../inputs/embedded-broker.ts';
import type { MqttBus } from '../inputs/mqtt-bus.ts';
import { connectBus } from '../inputs/mqtt-client.ts';
import type { Config } from './config.ts';
import { Simulators } from './simulated-sources.ts';

const DEFAULT_BROKER_PORT = 1883;

/**
 * What lies between the devices and the inputs: the broker, the connection to it, and the simulators; each is brought up when the
 * first source needs it. Without `broker.url` an embedded broker listens on loopback.
 */
export class Transport {
  readonly #options: { readonly broker: Config['broker']; readonly clock: Clock; readonly log: Log };
  readonly #simulators: Simulators;
  #broker: EmbeddedBroker | undefined;
  #bus: MqttBus | undefined;

  constructor(options: { readonly broker: Config['broker']; readonly clock: Clock; readonly log: Log }) {
    this.#options = options;
    this.#simulators = new Simulators(options.log);
  }

  /** The one connection that all `mqtt:` sources share; absent where no source has needed a broker yet. */
  get bus(): MqttBus | undefined {
    return this.#bus;
  }

  /**
   * Brings up what these sources need.
   *
   * @returns the sources as configured, with `simulate:` replaced by what the simulator really speaks
   * @throws UsageError for an unknown scene, EdgeBindError where a broker or a simulator does not start
   */
  async resolve(sources: readonly SourceConfig[]): Promise<SourceConfig[]> {
    const uses = (scheme: string, some: readonly SourceConfig[]): boolean => some.some((source) => source.from.startsWith(scheme));
    if (!uses('mqtt:', sources) && !uses('simulate:', sources)) return [...sources];
    const url = await this.#brokerUrl();
    const resolved = await this.#simulators.resolve(sources, url);
    if (uses('mqtt:', resolved)) this.#bus ??= connectBus({ url, clock: this.#options.clock, log: this.#options.log });
    return resolved;
  }

  /** Ends the simulators that none of these sources needs any more. */
  async release(sources: readonly SourceConfig[]): Promise<void> {
    await this.#simulators.release(sources);
  }

  async stop(): Promise<void> {
    await this.#bus?.stop();
    await this.#simulators.stop();
    await this.#broker?.stop();
  }

  async #brokerUrl(): Promise<string> {
    const { broker, log } = this.#options;
    if (broker.url !== undefined) return broker.url;
    if (!this.#broker) {
      this.#broker = await startBroker({ port: broker.port ?? DEFAULT_BROKER_PORT, log });
      log.info({ url: this.#broker.url }, 'embedded MQTT broker listens');
    }
    return this.#broker.url;
  }
}
