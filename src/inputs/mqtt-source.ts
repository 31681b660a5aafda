import type { Observable } from 'rxjs';
import { FrameReader } from '../../devices/frame-reader.ts';
import { protocols } from '../../devices/protocols.ts';
import { PayloadError, UsageError } from '../core/errors.ts';
import type { Stage } from '../core/ledger.ts';
import { nearest } from '../core/nearest.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Modality, Payload, Reading, SourceStatus } from '../core/types.ts';
import type { InputContext } from './context.ts';
import { splitStamp16, userStamp, type Stamp } from './envelope.ts';
import { jsonFields } from './json-fields.ts';
import type { MqttBus, MqttMessage } from './mqtt-bus.ts';
import { formatNames, payloadFormat } from './payload-formats.ts';
import { SourcePort } from './source-port.ts';

/** One reading in a message, with what the payload itself says of time. */
interface Parsed extends Stamp {
  readonly payload: Payload;
}

/** How bodies become readings. */
interface Parser {
  parse(body: Uint8Array): readonly Parsed[];
  /** Half readings inside. */
  pending(): number;
  /** Nothing more comes: what is half here is counted as lost; returns what turned out to be whole. */
  interrupt(): readonly Parsed[];
}

const SILENT_AFTER_MS = 3000;
/** A sender that only sends nonsense is reported this often. */
const REPORT_EVERY_MS = 5000;

/**
 * A sensor on an MQTT topic, e.g. `{from: "mqtt:site/thermal", format: thermal-i16, width: 32, height: 24}`.
 *
 * The ledger's stage `input` counts messages (for a serial protocol inside MQTT: readings). A payload that does not fit its format
 * is dropped under its reason, reported with its topic, and nothing else is disturbed.
 *
 * @throws UsageError where the format is unknown or lacks a field
 */
export function mqttSource(config: SourceConfig, context: InputContext): Source {
  const { bus } = context;
  if (!bus) throw new UsageError('NO_BROKER', `source ${config.id}: ${config.from} needs a broker; set broker: {url: "mqtt://HOST:1883"}`);
  return new MqttSource(config, context, bus);
}

class MqttSource implements Source {
  readonly id: string;
  readonly modality: Modality;
  readonly #topic: string;
  readonly #config: SourceConfig;
  readonly #context: InputContext;
  readonly #bus: MqttBus;
  readonly #port: SourcePort;
  readonly #stage: Stage;
  readonly #parser: Parser;
  /** Length of the sound that has come since the connection was made. */
  #heardUs = 0;
  /** What is wrong with the messages that come, where none since the last reading fits. */
  #unfit: string | undefined;
  #lastReportUs = Number.NEGATIVE_INFINITY;
  #ends: (() => void)[] = [];

  constructor(config: SourceConfig, context: InputContext, bus: MqttBus) {
    this.id = config.id;
    this.modality = config.modality;
    this.#topic = config.from.slice('mqtt:'.length);
    if (this.#topic === '') throw new UsageError('NO_TOPIC', `source ${config.id}: "mqtt:" names no topic; write e.g. mqtt:site/thermal`);
    this.#config = config;
    this.#context = context;
    this.#bus = bus;
    this.#port = new SourcePort(config.id, {
      clock: context.clock,
      silentAfterMs: config.silentAfterMs ?? SILENT_AFTER_MS,
      whySilent: () => this.#unfit,
      onSilent: () => {
        this.#heardUs = 0;
        this.#port.watch();
      },
    });
    this.#parser = this.#makeParser();
    this.#stage = context.ledger.stage(config.id, 'input', () => this.#parser.pending());
  }

  get readings$(): Observable<Reading> {
    return this.#port.readings$;
  }

  get status$(): Observable<SourceStatus> {
    return this.#port.status$;
  }

  start(): void {
    if (this.#ends.length > 0) return;
    this.#port.say('starting', `waiting for messages on ${this.#topic}`);
    this.#port.watch();
    this.#ends = [
      this.#bus.subscribe(this.#topic, (message) => this.#take(message)),
      this.#bus.onConnection((connected, reason) => {
        if (!connected) {
          this.#heardUs = 0; // what was said meanwhile is lost: the sound begins anew
          this.#port.unwatch();
          this.#port.say('reconnecting', reason);
        } else if (this.#port.state === 'reconnecting') {
          this.#port.say('starting', `the broker is there, waiting for messages on ${this.#topic}`);
          this.#port.watch();
        }
      }),
    ];
  }

  stop(): Promise<void> {
    for (const end of this.#ends) end();
    this.#ends = [];
    for (const reading of this.#parser.interrupt()) this.#port.emit({ arrivalUs: this.#context.clock.nowUs(), ...reading });
    this.#port.close();
    return Promise.resolve();
  }

  #take(message: MqttMessage): void {
    try {
      const { stamp, body } = this.#open(message);
      for (const { payload, ...own } of this.#parser.parse(body)) {
        const { deviceUs = this.#soundUs(payload, own, stamp), seq } = { ...own, ...stamp };
        this.#unfit = undefined;
        this.#port.emit({
          arrivalUs: message.arrivalUs,
          ...(deviceUs !== undefined && { deviceUs }),
          ...(seq !== undefined && { seq }),
          payload,
        });
      }
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.#report(error, message.topic);
    }
  }

  /**
   * Sound without a stamp comes in the order in which it was taken, without a gap as far as anyone can know: its own samples are the
   * clock. Arrivals are not: chunks that come in twos would overlap, and leave holes. Undefined where there is a better clock.
   */
  #soundUs(payload: Payload, own: Stamp, stamp: Stamp): number | undefined {
    if (payload.kind !== 'pcm' || (stamp.seq ?? own.seq) !== undefined) return undefined;
    const startUs = this.#heardUs;
    this.#heardUs += (payload.data.length * 1e6) / payload.rateHz;
    return startUs;
  }

  #open(message: MqttMessage): { stamp: Stamp; body: Uint8Array } {
    try {
      return this.#config.envelope === 'stamp16' ? splitStamp16(message.payload) : { stamp: userStamp(message), body: message.payload };
    } catch (error) {
      if (error instanceof PayloadError) this.#drop(error.code);
      throw error;
    }
  }

  #drop(reason: string): void {
    this.#stage.receive();
    this.#stage.drop(reason);
  }

  #report(error: PayloadError, topic: string): void {
    this.#unfit = `messages on ${topic} do not fit: ${error.message}`;
    const nowUs = this.#context.clock.nowUs();
    if (nowUs - this.#lastReportUs < REPORT_EVERY_MS * 1000) return;
    this.#lastReportUs = nowUs;
    this.#context.log.warn(
      { source: this.id, topic, reason: error.code },
      `a message on ${topic} does not fit format ${this.#config.format ?? ''}: ${error.message}`,
    );
    const { state } = this.#port;
    if (state !== 'live') this.#port.say(state === 'silent' ? state : 'starting', this.#unfit);
  }

  /** How a body becomes readings. Formats count messages here; a serial protocol keeps its own books in readings. */
  #makeParser(): Parser {
    const counted = (read: (body: Uint8Array) => Parsed): Parser => ({
      pending: () => 0,
      interrupt: () => [],
      parse: (body: Uint8Array): readonly Parsed[] => {
        this.#stage.receive();
        try {
          const parsed = read(body);
          this.#stage.emit();
          return [parsed];
        } catch (error) {
          if (error instanceof PayloadError) this.#stage.drop(error.code);
          throw error;
        }
      },
    });
    const { id, format, modality, fields, width, height } = this.#config;
    const parse = payloadFormat(this.#config);
    if (parse) return counted((body) => ({ payload: parse(body) }));
    if (format === 'json') return counted(jsonFields(this.#config));
    if (format !== undefined && protocols.has(format)) {
      const reader = new FrameReader(format, modality, {
        ...(fields && { fields }),
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
      });
      return {
        pending: () => reader.pending,
        interrupt: () => reader.interrupt(this.#stage),
        parse: (body) => reader.read(body, this.#stage),
      };
    }
    const known = [...formatNames, 'json', ...protocols.keys()];
    const close = format === undefined ? undefined : nearest(format, known);
    throw new UsageError(
      'UNKNOWN_FORMAT',
      `source ${id}: ${format === undefined ? 'format is missing' : `format "${format}" is unknown`}; ${close ? `did you mean "${close}"?` : `known: ${known.join(', ')}`}`,
    );
  }
}
