import type { Context } from 'hono';
import { EdgeBindError, UsageError } from '../core/errors.ts';

/** Room for a rule whose query is a picture or a vector. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The JSON of a request's body, read no further than its limit.
 *
 * @throws UsageError `BAD_JSON`
 * @throws EdgeBindError `BODY_TOO_LARGE`
 */
export async function jsonBody(c: Context): Promise<unknown> {
  const declared = Number(c.req.header('content-length') ?? 0);
  if (declared > MAX_BYTES) throw tooLarge();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  const chunks: AsyncIterable<Uint8Array> | null = c.req.raw.body;
  for await (const chunk of chunks ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw tooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const got = JSON.stringify(text.slice(0, 60));
    throw new UsageError('BAD_JSON', `the body is not JSON: ${got}; wanted e.g. {"query": {"text": "glass breaking"}, "threshold": 0.3}`);
  }
}

const tooLarge = (): EdgeBindError => new EdgeBindError('BODY_TOO_LARGE', `a body has at most ${MAX_BYTES} bytes`);
