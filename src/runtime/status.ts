import type { Rule } from '../alerts/rule.ts';
import type { Fused } from '../core/fused.ts';
import type { Ledger } from '../core/ledger.ts';
import type { MemoryState } from '../memory/memory.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { ModelHost } from './model-host.ts';
import type { Station } from './station.ts';

/** Ready is who has a live source; the others are named. */
export function readinessOf(stations: readonly Station[]): { ready: boolean; reasons: string[] } {
  const reasons = stations.flatMap(({ id, status: { state, reason } }) =>
    state === 'live' ? [] : [`${id}: ${state}${reason ? ` (${reason})` : ''}`],
  );
  return { ready: reasons.length < stations.length, reasons };
}

export interface StatusParts {
  readonly server: string;
  readonly boot: string;
  readonly startedUs: number;
  readonly nowUs: number;
  readonly models: ModelHost;
  readonly stations: readonly Station[];
  readonly rules: readonly Rule[];
  /** The newest fused vector. */
  readonly fused?: Fused;
  /** What each output besides HTTP and WebSocket says of itself. */
  readonly outputs: readonly object[];
  /** What is remembered of past windows. */
  readonly memory?: MemoryState;
  readonly ledger: Ledger;
  readonly loopDelay: LoopDelay;
  /** What is known of the host's own clock. */
  readonly hostClock: object;
}

/** The body of `/api/v1/status`: what a person asks first when something seems wrong. */
export function statusOf({
  server,
  boot,
  startedUs,
  nowUs,
  models,
  stations,
  rules,
  fused,
  outputs,
  memory,
  ledger,
  loopDelay,
  hostClock,
}: StatusParts): object {
  const lines = ledger.lines();
  const { health } = models.current;
  const dropsOf = (id: string): Record<string, number> => {
    const drops: Record<string, number> = {};
    for (const { source, stage, dropped } of lines)
      if (source === id) for (const [reason, count] of Object.entries(dropped)) drops[`${stage}.${reason}`] = count;
    return drops;
  };
  return {
    server,
    boot,
    timeUs: nowUs,
    hostClock,
    uptimeSeconds: Math.round((nowUs - startedUs) / 1e6),
    space: models.current.space,
    model: modelReport(models),
    ...(health && { encoders: { workers: health.workers, restarts: health.restarts, providers: health.providers } }),
    sources: stations.map((station) => ({
      ...station.describe(),
      collapsed: models.collapsed.has(station.id),
      dropped: dropsOf(station.id),
    })),
    ...(fused && { fusion: attendance(fused) }),
    rules: rules.length,
    outputs,
    ...(memory && { memory }),
    ledgerSums: lines.every((line) => line.sums),
    eventLoopDelayMs: loopDelay.read(),
    memoryMb: Math.round(process.memoryUsage.rss() / 1e6),
  };
}

/** Who was in the newest fused vector, and what each weighed. */
const attendance = ({ endUs, present, missing, held, weights }: Fused): object => ({ endUs, present, missing, held, weights });

/** The bundle in force; the spaces whose vectors may still come; and why a newer bundle is not in force, where that is so. */
function modelReport({ current: { bundle }, spaces, refused }: ModelHost): object {
  const { name, version } = bundle.manifest;
  return { dir: bundle.dir, name, version, spaces, ...(refused && { refused }) };
}
