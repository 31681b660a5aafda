import { z } from 'zod';
import { modalitySchema } from './modality-schema.ts';
import type { ClientMessage } from './wire.ts';

const timeUs = z.number().int().min(0);
/** Base64 of a file; whoever reads the request caps its size before. */
const base64 = z.base64();

/** What one may ask of the past, the same over HTTP and WebSocket: one of text, image, audio, vector, moment, and where to look. */
export const PAST_QUERY_FIELDS = {
  text: z.string().trim().min(1, 'a prompt needs at least one word').max(1000, 'a prompt is at most 1,000 characters').exactOptional(),
  image: base64.exactOptional(),
  audio: base64.exactOptional(),
  vector: z.array(z.number()).min(1).max(8192).exactOptional(),
  /** Space of the vector; absent: the present one. */
  space: z.string().exactOptional(),
  /** What a source gave then. */
  moment: z.strictObject({ source: z.string().min(1).max(64), timeUs }).exactOptional(),
  top: z.number().int().min(1).max(1000).default(10),
  sinceUs: timeUs.exactOptional(),
  untilUs: timeUs.exactOptional(),
  sources: z.array(z.string().min(1).max(64)).max(256).exactOptional(),
  modalities: z.array(modalitySchema).max(16).exactOptional(),
};

interface Examples {
  readonly text?: unknown;
  readonly image?: unknown;
  readonly audio?: unknown;
  readonly vector?: unknown;
  readonly moment?: unknown;
}

export const hasOneExample = ({ text, image, audio, vector, moment }: Examples): boolean =>
  [text, image, audio, vector, moment].filter((given) => given !== undefined).length === 1;
export const ONE_EXAMPLE = 'give exactly one of text, image, audio, vector, moment';

export type PastQuery = Omit<Extract<ClientMessage, { op: 'query' }>, 'op' | 'id'>;
