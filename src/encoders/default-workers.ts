import { statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Bundle } from './bundle.ts';

/** How many inference workers a bundle gets: one core stays for the event loop and the front ends, and the sessions may take a quarter of the memory. */
export function defaultWorkers({ entries }: Bundle): number {
  let bytes = 0;
  for (const file of new Set([...entries.values()].flatMap(({ graph, data }) => [graph, ...data]))) bytes += statSync(file).size;
  return Math.max(1, Math.min(availableParallelism() - 1, Math.floor(totalmem() / 4 / Math.max(1, bytes))));
}
