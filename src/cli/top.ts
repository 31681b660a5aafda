import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import WebSocket from 'ws';
import { connect } from '../client/connect.ts';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import type { ScoreMessage } from '../core/wire.ts';
import { topObject, topText, type StatusView, type TopMoment } from './top-view.ts';

interface TopOptions {
  readonly token?: string;
  readonly json?: true;
}

const EVERY_MS = 1000;
/** How long the one shot waits for scores: the windows of all senses end within so long. */
const COLLECT_MS = 2000;
const ANSWERS_WITHIN_MS = 5000;
const COLUMNS = 120;

/** `edgebind top`. */
export function registerTop(program: Command): void {
  program
    .command('top')
    .description('a live table of a running EdgeBind: sources, rates, lag, drops, scores')
    .argument('[url]', 'where it listens', 'http://127.0.0.1:7400')
    .addOption(new Option('--token <token>', 'of a server that wants one').env('EDGEBIND_TOKEN'))
    .option('--json', 'one JSON object of this moment, then end')
    .addHelpText(
      'after',
      '\nWhere the output is no terminal the table is printed once.\n\nExample:\n  edgebind top http://robot.local:7400\n',
    )
    .action(top);
}

async function top(url: string, { token, json }: TopOptions): Promise<void> {
  const base = baseOf(url);
  const fetchStatus = (): Promise<StatusView> => statusFrom(base, token);
  // Before anything is drawn: whether it answers, and whether the token is right.
  let status = await fetchStatus();
  const scores = new Map<string, ScoreMessage>();
  const client = connect(base.href, { WebSocket, ...(token !== undefined && { token }) });
  const leave = new AbortController();
  try {
    client.subscribe({ channel: 'scores' }, (score) => scores.set(`${score.rule} ${score.source}`, score));
    const moment = (): TopMoment => ({
      status,
      scores: [...scores.values()].sort((a, b) => order(a) - order(b) || a.rule.localeCompare(b.rule)),
    });
    const order = ({ source }: ScoreMessage): number => status.sources.findIndex(({ id }) => id === source);
    if (json || !process.stdout.isTTY) {
      await sleep(COLLECT_MS);
      status = await fetchStatus();
      process.stdout.write(json ? `${JSON.stringify(topObject(moment()))}\n` : topText(moment(), COLUMNS));
      return;
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leave.abort());
    let note = '';
    while (!leave.signal.aborted) {
      // Home, the text, then whatever was below it is wiped: no flicker.
      process.stdout.write(`\u001b[H${topText(moment(), process.stdout.columns).replaceAll('\n', '\u001b[K\n')}${note}\u001b[J`);
      await sleep(EVERY_MS, undefined, { signal: leave.signal }).catch(() => undefined);
      note = await fetchStatus().then(
        (newest) => {
          status = newest;
          return '';
        },
        (error: unknown) => `\n${messageOf(error)}\n`,
      );
    }
  } finally {
    client.close();
  }
}

/** @throws UsageError `BAD_URL` */
function baseOf(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol)) return parsed;
  throw new UsageError('BAD_URL', `"${url}" is no address of an EdgeBind; wanted e.g. http://127.0.0.1:7400`);
}

/** @throws EdgeBindError `NO_ANSWER`, or with what the server says */
async function statusFrom(base: URL, token: string | undefined): Promise<StatusView> {
  let response: Response;
  try {
    response = await fetch(new URL('/api/v1/status', base), {
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    });
  } catch (cause) {
    throw new EdgeBindError('NO_ANSWER', `no EdgeBind answers at ${base.origin}: is \`edgebind run\` running there?`, { cause });
  }
  if (response.ok) return (await response.json()) as StatusView;
  const said = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
  throw new EdgeBindError(said.code ?? 'NO_ANSWER', `${base.origin}: ${said.message ?? `HTTP ${response.status}`}`);
}
