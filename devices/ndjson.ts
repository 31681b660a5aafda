import type { FrameDecoder } from '../src/core/decoder.ts';
import { textOf } from './bytes.ts';
import { delimitedFraming } from './delimited-framing.ts';
import { framedDecoder } from './framed-decoder.ts';

const LINE_FEED = 0x0a;
const MAX_LINE_BYTES = 1 << 20;

/** One JSON object a line. The frame is the object's own fields; a line that is no JSON object is bad, an empty one is skipped. */
export const ndjsonDecoder = (): FrameDecoder =>
  framedDecoder(
    delimitedFraming({
      delimiter: LINE_FEED,
      maxBytes: MAX_LINE_BYTES,
      selfContained: true,
      read: (data, from, to) => {
        const line = textOf(data, from, to).trim();
        if (line === '') return 'blank';
        const object = parseObject(line);
        return object && { frame: 'ndjson', ...object };
      },
    }),
  );

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
