import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { GraphPlan, OpenedGraph, SessionThreads } from './graph-plan.ts';
import { GraphSession } from './graph-session.ts';
import type { Ort } from './load-ort.ts';
import { LONGEST_CALL_MS } from './longest-call.ts';
import { judged, trustCheck, type Runner } from './trust-check.ts';

/**
 * Opens a graph on the first provider that loads it and passes the trust check, and says why those before it did not.
 *
 * @param fusion the bundle's fusion graph, open and trusted: graphs of tokens are judged by what it makes of them
 * @throws EdgeBindError `MODEL_REFUSED`: no provider could be trusted; the message has each one's reason
 */
export async function climbLadder(
  ort: Ort,
  plan: GraphPlan,
  threads: SessionThreads,
  fusion?: Runner,
): Promise<{ session: GraphSession; opened: OpenedGraph }> {
  const refused: Record<string, string> = {};
  for (const provider of plan.providers) {
    let session: GraphSession | undefined;
    try {
      const start = performance.now();
      session = await GraphSession.open(ort, plan, provider, threads);
      const loadMs = performance.now() - start;
      const { batch, runMs } = plan.isTrusted
        ? await warmUp(session, plan)
        : await trustCheck(judged(session, plan, fusion), plan, { longestMs: LONGEST_CALL_MS });
      return { session, opened: { key: plan.key, won: provider, refused, batch, loadMs, runMs } };
    } catch (error) {
      await session?.release();
      refused[provider] = messageOf(error);
    }
  }
  const reasons = Object.entries(refused).map(([provider, reason]) => `${provider}: ${reason}`);
  throw new EdgeBindError('MODEL_REFUSED', `the ${plan.key} encoder cannot be trusted. ${reasons.join('. ')}`);
}

async function warmUp(session: GraphSession, { probes }: GraphPlan): Promise<{ batch: number; runMs: number }> {
  const start = performance.now();
  await session.run(probes.slice(0, 1));
  return { batch: 1, runMs: performance.now() - start };
}
