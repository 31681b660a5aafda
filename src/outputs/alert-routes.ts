import type { Context } from 'hono';
import { EdgeBindError } from '../core/errors.ts';
import type { AlertDesk } from './alert-desk.ts';
import { wholeNumber, type Route, type RouteParameter } from './api-routes.ts';
import { jsonBody } from './json-body.ts';

const text = { type: 'string' };
const anything = { type: 'object' };
const list = (field: string): object => ({
  type: 'object',
  properties: { [field]: { type: 'array', items: anything } },
  required: [field],
});
const path = (name: string, description: string): RouteParameter => ({ name, in: 'path', description, schema: text });
const limit: RouteParameter = {
  name: 'limit',
  in: 'query',
  description: 'at most so many, the newest; default 300',
  schema: { type: 'integer', minimum: 1, maximum: 10_000 },
};
const alertId = path('id', 'id of the alert, the same from raise to clear');
const ruleId = path('id', 'id of the rule');

const idOf = (c: Context): string => c.req.param('id') ?? '';
const limitOf = (c: Context): number => wholeNumber(c, 'limit', 300, 1, 10_000);

/** What can be done with rules and alerts besides reading and putting them. */
export const alertRoutes = (desk: AlertDesk): readonly Route[] => [
  {
    method: 'get',
    path: '/api/v1/calibrations',
    summary: 'What each rule knows of each source: warm-up, threshold, expected false alarms a day, and how many alerts were right',
    answer: list('calibrations'),
    handle: (c) => c.json({ calibrations: desk.calibrations() }),
  },
  {
    method: 'get',
    path: '/api/v1/rules/:id/background/:source',
    summary: 'The background of a rule on a source: histogram of its scores in spreads, and the fitted tail',
    parameters: [ruleId, path('source', 'id of the source, or `fused`')],
    answer: anything,
    handle: (c) => {
      const found = desk.background(idOf(c), c.req.param('source') ?? '');
      if (found === undefined) throw new EdgeBindError('UNKNOWN_BACKGROUND', 'that rule has scored nothing of that source yet');
      return c.json(found as object);
    },
  },
  {
    method: 'post',
    path: '/api/v1/rules/:id/try',
    summary: 'How often a rule would have been raised by what is kept of the past, without putting it into force',
    parameters: [ruleId],
    body: anything,
    answer: list('trials'),
    handle: async (c) => c.json({ trials: await desk.tryRule(idOf(c), await jsonBody(c)) }),
  },
  {
    method: 'post',
    path: '/api/v1/alerts/:id/feedback',
    summary: 'Acknowledges an alert, or says whether it was right: {"right": false} moves the threshold of a rule with falseAlarmsPerDay',
    parameters: [alertId],
    body: anything,
    answer: { type: 'object', properties: { feedback: anything }, required: ['feedback'] },
    handle: async (c) => c.json({ feedback: desk.feedback(idOf(c), await jsonBody(c), 'http') }),
  },
  {
    method: 'get',
    path: '/api/v1/feedback',
    summary: 'Acknowledgements and verdicts on alerts, oldest first',
    parameters: [limit],
    answer: list('feedback'),
    handle: (c) => c.json({ feedback: desk.feedbacks(limitOf(c)) }),
  },
  {
    method: 'get',
    path: '/api/v1/alerts/:id/evidence',
    summary: 'What each sense scored, the window and its vector; whether there is a picture and a sound',
    parameters: [alertId],
    answer: anything,
    handle: async (c) => c.json(kept(await desk.evidence(idOf(c)))),
  },
  {
    method: 'get',
    path: '/api/v1/alerts/:id/picture',
    summary: 'A thumbnail of the moment of the alert',
    parameters: [alertId],
    answer: 'image/jpeg',
    handle: async (c) => file(c, kept(await desk.evidenceFile(idOf(c), 'picture')), 'image/jpeg'),
  },
  {
    method: 'get',
    path: '/api/v1/alerts/:id/sound',
    summary: 'The second of sound before the end of the alert’s window',
    parameters: [alertId],
    answer: 'audio/wav',
    handle: async (c) => file(c, kept(await desk.evidenceFile(idOf(c), 'sound')), 'audio/wav'),
  },
  {
    method: 'get',
    path: '/api/v1/audit',
    summary: 'Changes of rules that were made live, oldest first',
    parameters: [limit],
    answer: list('changes'),
    handle: (c) => c.json({ changes: desk.audit(limitOf(c)) }),
  },
];

function kept<T>(evidence: T | undefined): T {
  if (evidence === undefined)
    throw new EdgeBindError('NO_EVIDENCE', 'nothing of that kind is kept of that alert: the newest 500 alerts keep theirs');
  return evidence;
}

const file = (c: Context, bytes: Uint8Array, type: string): Response => c.body(Uint8Array.from(bytes), 200, { 'content-type': type });
