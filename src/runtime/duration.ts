import { UsageError } from '../core/errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of "500ms", "30s", "5m", "2h" or "1d"; a bare number is seconds.
 *
 * @throws UsageError `INVALID_DURATION`
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  const value = match ? Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 1) : Number.NaN;
  if (!Number.isFinite(value) || value <= 0)
    throw new UsageError('INVALID_DURATION', `"${text}" is not a duration: write 500ms, 30s, 5m or 2h`);
  return value;
}
