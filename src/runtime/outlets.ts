import type { EncodeOptions } from '../core/encoder.ts';
import type { Fused } from '../core/fused.ts';
import type { Alert, AlertUpdate, Embedding, Score, SourceStatus } from '../core/types.ts';
import type { Hub } from '../outputs/hub.ts';
import type { MqttOutput } from '../outputs/mqtt-output.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { Past } from './past.ts';

export interface OutletParts {
  readonly hub: Hub;
  readonly past: Past;
  readonly mqtt: MqttOutput | undefined;
  readonly recorder: Recorder | undefined;
}

/** Everyone who is told what happens: clients of the stream, the memory, MQTT, the recording. */
export class Outlets {
  readonly #hub: Hub;
  readonly #past: Past;
  readonly #mqtt: MqttOutput | undefined;
  readonly #recorder: Recorder | undefined;

  constructor({ hub, past, mqtt, recorder }: OutletParts) {
    this.#hub = hub;
    this.#past = past;
    this.#mqtt = mqtt;
    this.#recorder = recorder;
  }

  embedding(embedding: Embedding): void {
    this.#hub.publishEmbedding(embedding);
    this.#past.add(embedding);
    this.#mqtt?.publishVector(embedding);
    this.#recorder?.embedding(embedding);
  }

  fused(fused: Fused): void {
    this.#hub.publishFused(fused);
    this.#mqtt?.publishVector(fused);
    this.#recorder?.fused(fused);
  }

  /** THE ALERT MUST BE IN THE LOG. */
  alert(alert: Alert): void {
    this.#hub.publishAlert(alert);
    this.#mqtt?.publishAlert();
    this.#recorder?.alert(alert);
  }

  update(update: AlertUpdate): void {
    this.#hub.publishUpdate(update);
  }

  score(score: Score): void {
    this.#hub.publishScore(score);
    this.#recorder?.score(score);
  }

  /** Whether a score would reach anyone now. */
  get isScoreHeard(): boolean {
    return this.#recorder !== undefined || this.#hub.isScoreWatched;
  }

  status(status: SourceStatus): void {
    this.#hub.publishStatus(status);
    this.#mqtt?.publishStatus(status);
    this.#recorder?.status(status);
  }

  /** Windows that the encoders drop are recorded. */
  get encode(): EncodeOptions {
    const recorder = this.#recorder;
    return recorder ? { onDrop: (window, reason) => recorder.dropped(window, reason) } : {};
  }

  /** Tells everyone which spaces there are. BEFORE the first vector of a new one. */
  spaces(): void {
    this.#hub.publishSpaces();
  }

  /** What the outputs beside HTTP and WebSocket say of themselves. */
  describe(): object[] {
    return [...(this.#mqtt ? [this.#mqtt.describe()] : []), ...(this.#recorder ? [{ kind: 'record', ...this.#recorder.state }] : [])];
  }
}
