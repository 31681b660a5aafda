import { PayloadError } from '../core/errors.ts';
import { isSequence, isStamp, WANTED_SEQUENCE, WANTED_STAMP } from '../core/stamp-limits.ts';
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
  // Beyond 2^53 it is not exact, but near enough for the clock model to see that someone sends nanoseconds.
  const deviceUs = Number(view.getBigUint64(0, true));
  if (!isStamp(deviceUs) || view.getUint32(12, true) !== 0) {
    throw new PayloadError(
      'badEnvelope',
      'the stamp16 header has a time beyond 2^61 or a last word that is not zero; does the sender write one?',
    );
  }
  return { stamp: { deviceUs, seq: view.getUint32(8, true) }, body: bytes.subarray(STAMP16_BYTES) };
}

/**
 * The stamp of MQTT 5 user properties `timeUs` and `seq`; each may be absent.
 *
 * @throws PayloadError `badEnvelope` for text that is no number, or one that no sender can mean
 */
export function userStamp({ userProperties }: MqttMessage): Stamp {
  const read = (name: 'timeUs' | 'seq', fits: (value: number) => boolean, wanted: string): number | undefined => {
    const text = userProperties?.[name];
    if (text === undefined) return undefined;
    const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
    if (!fits(value)) throw new PayloadError('badEnvelope', `the user property ${name} is ${JSON.stringify(text)}; wanted ${wanted}`);
    return value;
  };
  const deviceUs = read('timeUs', isStamp, WANTED_STAMP);
  const seq = read('seq', isSequence, WANTED_SEQUENCE);
  return { ...(deviceUs !== undefined && { deviceUs }), ...(seq !== undefined && { seq }) };
}
