import { api, UnauthorizedError, type Feedback } from './api.ts';
import { keepScoresOf } from './live.ts';
import { state } from './state.ts';

const EVERY_MS = 2000;

/** Reads status, rules and ledger every two seconds while the page is visible. Returns the way to stop. */
export function startPolling(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const turn = async (): Promise<void> => {
    if (document.visibilityState === 'visible') await poll();
    if (!isStopped) timer = setTimeout(() => void turn(), EVERY_MS);
  };
  void turn();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Reads everything once. A server that is away is shown by the connection's state, not here. */
export async function poll(): Promise<void> {
  const [status, ledger, calibrations, feedback] = await Promise.allSettled([
    api.status(),
    api.ledger(),
    api.calibrations(),
    api.feedback(),
    refreshRules(),
  ]);
  if (status.status === 'fulfilled') {
    const { sources, eventLoopDelayMs, model, fusion } = status.value;
    if (sources) state.sources.set(sources);
    state.fusion.set(fusion);
    state.refusedModel.set(model?.refused);
    state.loopMs.set(eventLoopDelayMs?.p99);
  } else if (status.reason instanceof UnauthorizedError) state.wantsToken.set(true);
  if (ledger.status === 'fulfilled') state.ledger.set(ledger.value);
  if (feedback.status === 'fulfilled') state.said.set(newestOf(feedback.value));
  if (calibrations.status === 'fulfilled') state.calibrations.set(calibrations.value);
}

/** The newest that was said of each alert. */
function newestOf(lines: Awaited<ReturnType<typeof api.feedback>>): Map<string, Feedback> {
  const said = new Map<string, Feedback>();
  for (const { id, right, acknowledged } of lines)
    said.set(id, { ...said.get(id), ...(right !== undefined && { right }), ...(acknowledged !== undefined && { acknowledged }) });
  return said;
}

/** Reads the rules. The list is replaced only where it changed, so that charts are not drawn anew. */
export async function refreshRules(): Promise<void> {
  const rules = await api.rules();
  if (JSON.stringify(rules) !== JSON.stringify(state.rules.get())) state.rules.set(rules);
  keepScoresOf(new Set(rules.map((rule) => rule.id)));
}
