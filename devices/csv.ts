import type { DecodedFrame, FrameDecoder } from '../src/core/decoder.ts';
import { textOf } from './bytes.ts';
import { delimitedFraming } from './delimited-framing.ts';
import { framedDecoder } from './framed-decoder.ts';

const LINE_FEED = 0x0a;
const MAX_LINE_BYTES = 1 << 16;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Comma-separated values, one row a line, quotes as in RFC 4180 (but no line feed inside them). The first line names the
 * columns; where it holds numbers only there is no header and the columns are `c1`, `c2` ... The same header
 * again (the device restarted) is no row. Fields that are numbers become numbers. A row with another number of
 * fields is bad.
 */
export function csvDecoder(): FrameDecoder {
  let columns: readonly string[] | undefined;
  const readRow = (text: string): DecodedFrame | 'used' | undefined => {
    const fields = splitRow(text);
    if (!fields) return undefined;
    if (!columns && !fields.every((field) => NUMBER.test(field))) {
      columns = fields;
      return 'used';
    }
    if (columns && fields.length !== columns.length) return undefined;
    if (columns?.every((name, index) => name === fields[index])) return 'used';
    const names = columns ?? fields.map((_, index) => `c${index + 1}`);
    const row = names.map((name, index) => [name, valueOf(fields[index] ?? '')] as const);
    return { frame: 'csv', ...Object.fromEntries(row) };
  };

  return framedDecoder(
    delimitedFraming({
      delimiter: LINE_FEED,
      maxBytes: MAX_LINE_BYTES,
      read: (data, from, to) => {
        // Without a checksum, noise must at least not look like a header.
        if (data.subarray(from, to).some(isControl)) return undefined;
        const line = textOf(data, from, to).replace(/\r$/, '');
        return line.trim() === '' ? 'blank' : readRow(line);
      },
    }),
  );
}

const isControl = (byte: number): boolean => byte < 0x20 && byte !== 0x09 && byte !== 0x0d;

const valueOf = (field: string): number | string => (NUMBER.test(field) ? Number(field) : field);

/** The trimmed fields of a row, or undefined where a quote does not close. */
function splitRow(text: string): string[] | undefined {
  if (!text.includes('"')) return text.split(',').map((field) => field.trim());
  const fields: string[] = [];
  let at = 0;
  while (at <= text.length) {
    const quoted = /\s*"((?:[^"]|"")*)"\s*(,|$)/y;
    quoted.lastIndex = at;
    const match = quoted.exec(text);
    if (match) {
      fields.push((match[1] ?? '').replaceAll('""', '"'));
      at = quoted.lastIndex + (match[2] === '' ? 1 : 0);
    } else {
      const comma = text.indexOf(',', at);
      const field = text.slice(at, comma < 0 ? text.length : comma).trim();
      if (field.startsWith('"')) return undefined;
      fields.push(field);
      at = (comma < 0 ? text.length : comma) + 1;
    }
  }
  return fields;
}
