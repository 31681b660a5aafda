import { z } from 'zod';
import { messageOf, PayloadError, UsageError } from '../core/errors.ts';
import { modalitySchema } from '../core/modality-schema.ts';

/** The layout that this program writes. */
export const RECORDING_FORMAT = '2';

/** What the head of a recording says of the run: enough to run it again. Secrets are not in it. */
export interface Session {
  readonly server: string;
  /** Names the run: files of one run have the same. */
  readonly boot: string;
  readonly space: { readonly id: string; readonly name: string; readonly dim: number };
  /** Host time at which the run began to decide, in microseconds since the epoch. */
  readonly startedUs: number;
  /** Folder of the recorded config; its relative paths started there. */
  readonly folder: string;
  /** `model`, `encoders`, `sources`, `fusion`, `alerts` of the config in force. */
  readonly config: { readonly sources: readonly RecordedSource[] } & Readonly<Record<string, unknown>>;
  /** The alert log when the recording began: its newest entry, what was raised, and what may still rest. JSON of alerts. */
  readonly alerts: readonly unknown[];
}

type RecordedSource = z.output<typeof sourceSchema>;

const sourceSchema = z.looseObject({ id: z.string(), modality: modalitySchema, from: z.string() });
const sessionSchema = z.looseObject({
  server: z.string(),
  boot: z.string(),
  startedUs: z.number(),
  space: z.object({ id: z.string(), name: z.string(), dim: z.number().int().positive() }),
  folder: z.string(),
  config: z.looseObject({ sources: z.array(sourceSchema) }),
  alerts: z.array(z.unknown()),
});

/** @throws UsageError `RECORDING_UNREADABLE` */
export function parseSession(data: Uint8Array, file: string): Session {
  let problem: string;
  try {
    const parsed = sessionSchema.safeParse(parseJson(data));
    if (parsed.success) return parsed.data;
    problem = z.prettifyError(parsed.error);
  } catch (error) {
    problem = messageOf(error);
  }
  throw new UsageError('RECORDING_UNREADABLE', `${file}: the session in it, with which a recording begins, cannot be read: ${problem}`);
}

/** @throws PayloadError `badMessage` */
export function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString()) as unknown;
  } catch (error) {
    throw new PayloadError('badMessage', 'a message is no JSON', { cause: error });
  }
}
