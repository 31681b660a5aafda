import { z } from 'zod';
import { EdgeBindError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { senseSchema } from '../core/modality-schema.ts';
import { hasOneExample, ONE_EXAMPLE, PAST_QUERY_FIELDS } from '../core/past-query.ts';
import type { ClientMessage } from '../core/wire.ts';

const name = z.string().min(1).max(64);
const rule = z.looseObject({}, 'wanted is the rule, e.g. {"query": {"text": "glass breaking"}, "threshold": 0.3}');

const subscribe = z.strictObject({
  op: z.literal('subscribe'),
  sub: name,
  channel: z.enum(['embeddings', 'fused', 'alerts', 'updates', 'scores', 'status', 'samples']),
  sources: z.array(name).max(256).optional(),
  modalities: z.array(senseSchema).max(16).optional(),
  encoding: z.enum(['json', 'f32', 'f16', 'i8']).optional(),
  maxHz: z.number().min(0.001).max(1000).optional(),
});

const query = z.strictObject({ op: z.literal('query'), id: name, ...PAST_QUERY_FIELDS }).refine(hasOneExample, ONE_EXAMPLE);

const schemas = {
  subscribe,
  unsubscribe: z.strictObject({ op: z.literal('unsubscribe'), sub: name }),
  resume: z.strictObject({ op: z.literal('resume'), cursor: z.number().int().min(0) }),
  query,
  putRule: z.strictObject({ op: z.literal('putRule'), ref: name, id: name, rule }),
  tryRule: z.strictObject({ op: z.literal('tryRule'), ref: name, id: name, rule }),
  deleteRule: z.strictObject({ op: z.literal('deleteRule'), ref: name, id: name }),
  feedback: z.strictObject({
    op: z.literal('feedback'),
    ref: name,
    id: z.string().min(1).max(300),
    right: z.boolean().exactOptional(),
    acknowledged: z.boolean().exactOptional(),
  }),
  ping: z.strictObject({ op: z.literal('ping'), ref: name.exactOptional() }),
} satisfies Record<ClientMessage['op'], z.ZodType<ClientMessage>>;

const OPS = Object.keys(schemas) as ClientMessage['op'][];

/** A message that cannot be obeyed; `ref` is the subscription's or query's name where the message had one. */
export class ClientMessageError extends EdgeBindError {
  readonly ref: string | null;

  constructor(code: string, message: string, ref: string | null) {
    super(code, message);
    this.ref = ref;
  }
}

/**
 * Reads a client's message.
 *
 * @throws ClientMessageError `BAD_JSON`, `UNKNOWN_OP`, `UNKNOWN_CHANNEL`, `UNKNOWN_MODALITY`, `UNKNOWN_ENCODING` or `BAD_MESSAGE`
 */
export function parseClientMessage(text: string): ClientMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ClientMessageError('BAD_JSON', `not JSON: ${JSON.stringify(text.slice(0, 60))}; wanted e.g. {"op":"ping"}`, null);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ClientMessageError('BAD_MESSAGE', 'a message is a JSON object with "op"', null);
  }
  const { op, sub, id, ref: given } = value as Record<string, unknown>;
  const ref =
    [given, sub, id, op === 'resume' ? op : undefined].find((one): one is string => typeof one === 'string' && one.length <= 64) ?? null;
  const known = OPS.find((candidate) => candidate === op);
  if (!known) throw new ClientMessageError('UNKNOWN_OP', `unknown op ${shown(op)}${hint(op, OPS)}`, ref);
  const result = schemas[known].safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ClientMessageError(codeOf(issue?.path[0]), `${known}: ${describe(issue, value)}`.slice(0, 500), ref);
}

function describe(issue: z.core.$ZodIssue | undefined, message: object): string {
  if (!issue) return 'not understood';
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return `unknown field ${issue.keys.map(shown).join(', ')}`;
  if (issue.code === 'invalid_value') {
    const got = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], message);
    return `${path} is ${shown(got)}${hint(got, issue.values.map(String))}`;
  }
  return `${path ? `${path}: ` : ''}${issue.message}`;
}

function codeOf(field: PropertyKey | undefined): string {
  if (field === 'channel') return 'UNKNOWN_CHANNEL';
  if (field === 'modalities') return 'UNKNOWN_MODALITY';
  return field === 'encoding' ? 'UNKNOWN_ENCODING' : 'BAD_MESSAGE';
}

const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value).slice(0, 80));

function hint(got: unknown, known: readonly string[]): string {
  const close = typeof got === 'string' ? nearest(got.slice(0, 40), known) : undefined;
  return `${close ? `; did you mean "${close}"?` : ';'} known: ${known.join(', ')}`;
}
