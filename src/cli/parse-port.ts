import { UsageError } from '../core/errors.ts';

/** @throws UsageError `INVALID_PORT` */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UsageError('INVALID_PORT', `--port "${text}" is not a port: write 0 to 65535`);
  return port;
}
