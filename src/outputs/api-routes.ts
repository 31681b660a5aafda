import type { Context } from 'hono';
import { UsageError } from '../core/errors.ts';
import { alertRoutes } from './alert-routes.ts';
import type { ApiHandlers } from './api-handlers.ts';
import { jsonBody } from './json-body.ts';

/** One parameter of a route, for the reader of the OpenAPI document. */
export interface RouteParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly schema: object;
}

/** A route and what the OpenAPI document says of it: one list for both, so that they cannot differ. */
export interface Route {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** In Hono's notation, `/rules/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly parameters?: readonly RouteParameter[];
  /** Schema of the request's JSON. */
  readonly body?: object;
  /** Schema of the answer's JSON, or its content type where it is something else. */
  readonly answer: object | string;
  /** Answered without the token. */
  readonly isPublic?: boolean;
  handle(c: Context): Response | Promise<Response>;
}

export interface RouteSources {
  readonly api: ApiHandlers;
  /** Whether a request has the token, for what is told to trusted clients only. */
  readonly isTrusted: (c: Context) => boolean;
  readonly metrics: () => Promise<string>;
  readonly openapi: () => object;
}

const text = { type: 'string' };
const number = { type: 'number' };
const count = { type: 'integer', minimum: 0 };
const counts = { type: 'object', additionalProperties: count };
const object = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});
const list = (items: object): object => ({ type: 'array', items });

const alert = object({
  cursor: count,
  id: text,
  rule: text,
  state: { enum: ['raised', 'cleared'] },
  source: text,
  modality: text,
  score: number,
  threshold: number,
  startUs: count,
  endUs: count,
  query: text,
});
const line = object({
  source: text,
  stage: text,
  received: count,
  emitted: count,
  dropped: counts,
  inFlight: count,
  noted: counts,
  sums: { type: 'boolean' },
});
const ruleId: RouteParameter = { name: 'id', in: 'path', description: 'id of the rule', schema: text };

/** All routes besides the dashboard's files and the stream. */
export const apiRoutes = ({ api, isTrusted, metrics, openapi }: RouteSources): readonly Route[] => [
  {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process answers at all',
    answer: object({ ok: { const: true } }),
    isPublic: true,
    handle: (c) => c.json({ ok: true }),
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Whether sensors are being read: 200 or 503, with reasons for those who have the token',
    answer: object({ ready: { type: 'boolean' }, reasons: list(text) }),
    isPublic: true,
    handle: (c) => {
      const { ready, reasons } = api.ready();
      return c.json({ ready, reasons: isTrusted(c) ? reasons : [] }, ready ? 200 : 503);
    },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Metrics in the text format of Prometheus',
    answer: 'text/plain',
    handle: async (c) => c.text(await metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  },
  {
    method: 'get',
    path: '/api/v1/status',
    summary: 'Sources, encoders, rules and load at a glance',
    answer: { type: 'object' },
    handle: (c) => c.json(api.status() as object),
  },
  {
    method: 'get',
    path: '/api/v1/ledger',
    summary: 'Where everything that came in has gone: on each line received = emitted + dropped + inFlight',
    answer: object({ sums: { type: 'boolean' }, lines: list(line) }),
    handle: (c) => {
      const lines = api.ledger();
      return c.json({ sums: lines.every(({ sums }) => sums), lines });
    },
  },
  {
    method: 'get',
    path: '/api/v1/alerts',
    summary: 'Kept alerts after a cursor, oldest first',
    parameters: [
      { name: 'after', in: 'query', description: 'cursor of the last alert that is known; default 0, from the oldest', schema: count },
      {
        name: 'limit',
        in: 'query',
        description: 'at most so many; default 100',
        schema: { type: 'integer', minimum: 1, maximum: MAX_ALERTS },
      },
    ],
    answer: object({ alerts: list(alert) }),
    handle: (c) => {
      const after = wholeNumber(c, 'after', 0, 0, Number.MAX_SAFE_INTEGER);
      const limit = wholeNumber(c, 'limit', 100, 1, MAX_ALERTS);
      return c.json({ alerts: api.alerts(after, limit) });
    },
  },
  {
    method: 'get',
    path: '/api/v1/rules',
    summary: 'The rules in force',
    answer: object({ rules: list({ type: 'object' }) }),
    handle: (c) => c.json({ rules: api.rules() }),
  },
  {
    method: 'put',
    path: '/api/v1/rules/:id',
    summary: 'Adds or replaces a rule at once; it outlives restarts',
    parameters: [ruleId],
    body: { type: 'object' },
    answer: object({ rule: { type: 'object' } }),
    handle: async (c) => c.json({ rule: await api.putRule(c.req.param('id') ?? '', await jsonBody(c)) }),
  },
  {
    method: 'delete',
    path: '/api/v1/rules/:id',
    summary: 'Deletes a rule at once; an alert that it raised is cleared',
    parameters: [ruleId],
    answer: object({ deleted: text }),
    handle: async (c) => {
      const id = c.req.param('id') ?? '';
      await api.deleteRule(id);
      return c.json({ deleted: id });
    },
  },
  ...(api.desk ? alertRoutes(api.desk) : []),
  {
    method: 'post',
    path: '/api/v1/search',
    summary: 'Past moments most like words, a picture, a sound (base64), a vector or another moment, best first',
    body: {
      type: 'object',
      properties: {
        text,
        image: text,
        audio: text,
        vector: list(number),
        space: text,
        moment: object({ source: text, timeUs: count }),
        top: count,
        sinceUs: count,
        untilUs: count,
        sources: list(text),
        modalities: list(text),
      },
    },
    answer: object({
      space: text,
      hits: list(object({ source: text, modality: text, startUs: count, endUs: count, score: number })),
      searched: count,
      otherSpace: count,
    }),
    handle: async (c) => c.json((await api.search(await jsonBody(c))) as object),
  },
  {
    method: 'post',
    path: '/api/v1/known',
    summary: 'What of all that each sense of the model was taught is nearest to a prompt: far from all of it, scores mean little',
    body: { type: 'object', properties: { text, modalities: list(text) }, required: ['text'] },
    answer: object({ senses: list(object({ modality: text, nearest: text, distance: number, isFar: { type: 'boolean' } })) }),
    handle: async (c) => c.json((await api.known(await jsonBody(c))) as object),
  },
  {
    method: 'get',
    path: '/api/v1/openapi.json',
    summary: 'This description',
    answer: { type: 'object' },
    handle: (c) => c.json(openapi()),
  },
];

const MAX_ALERTS = 1000;

/** A whole number of the query string. */
export function wholeNumber(c: Context, name: string, fallback: number, min: number, max: number): number {
  const given = c.req.query(name);
  if (given === undefined) return fallback;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= min && value <= max) return value;
  throw new UsageError('BAD_QUERY', `${name} is "${given.slice(0, 40)}", wanted a whole number from ${min} to ${max}`);
}
