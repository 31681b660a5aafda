import samplerate from '@alexanderolsen/libsamplerate-js';
import { messageOf, UsageError } from '../core/errors.ts';

// A CommonJS package: Node sees no names in it.
const { create, ConverterType } = samplerate;
/** Samples that the converter takes at once. */
const PIECE = 16_384;

/**
 * A whole sound at another rate, by the converter of live sound (libsamplerate, sinc, medium quality); untouched where it has that rate.
 *
 * @throws UsageError `RATE_NOT_POSSIBLE`
 */
export async function resampleWhole(data: Float32Array, fromHz: number, toHz: number): Promise<Float32Array> {
  if (fromHz === toHz) return data;
  const converter = await create(1, fromHz, toHz, { converterType: ConverterType.SRC_SINC_MEDIUM_QUALITY }).catch((cause: unknown) => {
    throw new UsageError('RATE_NOT_POSSIBLE', `sound of ${fromHz} Hz cannot be resampled to ${toHz} Hz: ${messageOf(cause)}`, { cause });
  });
  const out = new Float32Array(Math.round((data.length * toHz) / fromHz));
  let given = 0;
  try {
    // Silence behind the end drives out what the filter holds back.
    for (let at = 0; given < out.length && at < data.length + 8 * PIECE; at += PIECE) {
      const piece = new Float32Array(PIECE);
      piece.set(data.subarray(at, at + PIECE));
      const converted = converter.full(piece);
      out.set(converted.subarray(0, out.length - given), given);
      given += converted.length;
    }
  } finally {
    converter.destroy();
  }
  return out;
}
