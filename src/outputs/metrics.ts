import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { LedgerLine } from '../core/ledger.ts';

export interface MetricsSources {
  /** Sources whose vectors no longer differ although their inputs do. */
  readonly collapsed: () => Iterable<string>;
  /** Whether a new bundle was refused, so that the one before goes on. */
  readonly isModelRefused: () => boolean;
  readonly ledger: () => readonly LedgerLine[];
  /** Stream clients and the bytes that wait in their sockets. */
  readonly hub: { readonly clients: number; readonly bufferedBytes: number };
}

/** Metrics of one server in a registry of its own: process, event loop (delay included), the ledger, and the stream's clients. */
export function metricsRegistry({ ledger, hub, collapsed, isModelRefused }: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const perStage = { labelNames: ['source', 'stage'] as const, registers };
  const received = new Counter({ name: 'edgebind_received_total', help: 'Items that entered a stage', ...perStage });
  const emitted = new Counter({ name: 'edgebind_emitted_total', help: 'Items that left a stage for the next', ...perStage });
  const dropped = new Counter({
    name: 'edgebind_dropped_total',
    help: 'Items that were let go, by reason',
    labelNames: ['source', 'stage', 'reason'] as const,
    registers,
  });
  const noted = new Counter({
    name: 'edgebind_noted_total',
    help: 'Items worth knowing of that were not lost',
    labelNames: ['source', 'stage', 'what'] as const,
    registers,
  });
  const inFlight = new Gauge({ name: 'edgebind_in_flight', help: 'Items inside a stage now', ...perStage });
  new Gauge({
    name: 'edgebind_ledger_sums',
    help: '1 where every line of the ledger adds up; 0 is a bug in EdgeBind',
    registers,
    // The counters live in the ledger: here they are copied when they are asked for.
    collect() {
      const lines = ledger();
      for (const metric of [received, emitted, dropped, noted, inFlight]) metric.reset();
      for (const { source, stage, ...line } of lines) {
        received.inc({ source, stage }, line.received);
        emitted.inc({ source, stage }, line.emitted);
        inFlight.set({ source, stage }, line.inFlight);
        for (const [reason, count] of Object.entries(line.dropped)) dropped.inc({ source, stage, reason }, count);
        for (const [what, count] of Object.entries(line.noted)) noted.inc({ source, stage, what }, count);
      }
      this.set(lines.every(({ sums }) => sums) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'edgebind_collapsed',
    help: '1 for a source whose vectors no longer differ although its inputs do: its alerts mean nothing',
    labelNames: ['source'] as const,
    registers,
    collect() {
      this.reset();
      for (const source of collapsed()) this.set({ source }, 1);
    },
  });
  new Gauge({
    name: 'edgebind_model_refused',
    help: '1 where a new bundle was refused and the one before goes on',
    registers,
    collect() {
      this.set(isModelRefused() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'edgebind_ws_clients',
    help: 'Connected stream clients',
    registers,
    collect() {
      this.set(hub.clients);
    },
  });
  new Gauge({
    name: 'edgebind_ws_buffered_bytes',
    help: 'Bytes for stream clients that the operating system has not taken yet',
    registers,
    collect() {
      this.set(hub.bufferedBytes);
    },
  });
  return registry;
}
