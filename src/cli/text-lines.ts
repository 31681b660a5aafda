import { EdgeBindError, messageOf } from '../core/errors.ts';

/** A longer line is refused: input without line breaks must not fill the memory. */
const MAX_LINE = 1 << 20;

/**
 * Bytes in whatever pieces -> lines of UTF-8 text without their line break (`\n` or `\r\n`). The last one may lack its break.
 *
 * @throws EdgeBindError `INPUT_UNREADABLE`, `LINE_TOO_LONG`
 */
export async function* textLines(input: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let count = 0;
  try {
    for await (const piece of input) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        count++;
        yield line.endsWith('\r') ? line.slice(0, -1) : line;
      }
      if (rest.length > MAX_LINE)
        throw new EdgeBindError('LINE_TOO_LONG', `line ${count + 1} of ${name} is longer than ${MAX_LINE} characters`);
    }
  } catch (cause) {
    if (cause instanceof EdgeBindError) throw cause;
    throw new EdgeBindError('INPUT_UNREADABLE', `cannot read ${name}: ${messageOf(cause)}`, { cause });
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
