import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/** Takes a step of a stop: one that fails is told, and does not keep the others from being taken. */
export async function tidy(log: Log, what: string, step: () => unknown): Promise<void> {
  try {
    await step();
  } catch (error) {
    log.warn({ error: messageOf(error) }, `stopping: ${what} failed`);
  }
}
