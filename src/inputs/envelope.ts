import { PayloadError } from '../core/errors.ts';
import type { MqttMessage } from './mqtt-bus.ts';

/** What a sender says of a message besides its payload. */
export interface Stamp {
  readonly deviceUs?: number;
  readonly seq?: number;
}

const STAMP16_BYTES = 16;

/**
 * Splits off `envelope: stamp16`: u64 LE event time in microseconds since the epoch, u32 LE sequence number, u32 LE zero.
 *
 * @throws PayloadError `badEnvelope`
 */
export function splitStamp16(bytes: Uint8Array): { stamp: Required<Stamp>; body: Uint8Array } {
  if (bytes.length < STAMP16_BYTES) throw new PayloadError('badEnvelope', `${bytes.length} bytes are too short for a stamp16 header of 16`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const deviceUs = Number(view.getBigUint64(0, true));
  if (!Number.isSafeInteger(deviceUs) || view.getUint32(12, true) !== 0) {
    throw new PayloadError(
      'badEnvelope',
      'the stamp16 header has a time beyond 2^53 us or a last word that is not zero; does the sender write one?',
    );
  }
  return { stamp: { deviceUs, seq: view.getUint32(8, true) }, body: bytes.subarray(STAMP16_BYTES) };
}

/**
 * The stamp of MQTT 5 user properties `timeUs` and `seq`; each may be absent.
 *
 * @throws PayloadError `badEnvelope` for text that is no number
 */
export function userStamp({ userProperties }: MqttMessage): Stamp {
  const read = (name: 'timeUs' | 'seq'): number | undefined => {
    const text = userProperties?.[name];
    if (text === undefined) return undefined;
    const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
    if (!Number.isFinite(value))
      throw new PayloadError('badEnvelope', `the user property ${name} is ${JSON.stringify(text)}; wanted a number`);
    return value;
  };
  const deviceUs = read('timeUs');
  const seq = read('seq');
  return { ...(deviceUs !== undefined && { deviceUs }), ...(seq !== undefined && { seq }) };
}

/** Makes a counter of 32 bits grow without end: a small step back is a straggler, a huge one a wrap. */
export class Unwrapped32 {
  #newest: number | undefined;

  next(value: number): number {
    const range = 2 ** 32;
    if (this.#newest === undefined) {
      this.#newest = value;
      return value;
    }
    const base = Math.floor(this.#newest / range) * range;
    const near = [base - range + value, base + value, base + range + value].filter((one) => one >= 0);
    let best = near[0] ?? value;
    for (const one of near) if (Math.abs(one - this.#newest) < Math.abs(best - this.#newest)) best = one;
    this.#newest = Math.max(this.#newest, best);
    return best;
  }
}
