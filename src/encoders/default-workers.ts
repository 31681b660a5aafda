import { statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Bundle } from './bundle.ts';

/** How many inference workers a bundle gets: one core stays for the event loop and the front ends, and the sessions may take a quarter of the memory. */
export function defaultWorkers({ entries, fusion }: Bundle): number {
  const graphs = [...[...entries.values()].flatMap((entry) => [entry, ...entry.stages]), ...(fusion ? [fusion] : [])];
  let bytes = 0;
  for (const file of new Set(graphs.flatMap(({ graph, data }) => [graph, ...data]))) bytes += statSync(file).size;
  return Math.max(1, Math.min(availableParallelism() - 1, Math.floor(totalmem() / 4 / Math.max(1, bytes))));
}
