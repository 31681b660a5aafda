import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';

export interface BenchOptions {
  /** Few and short runs: shows that it works, not how fast. */
  readonly quick?: boolean;
}

/** Ours and an opponent, measured in the same run. */
export interface BenchResult {
  readonly case: string;
  readonly ours: number;
  readonly opponent: number;
  /** Ours over opponent. */
  readonly ratio: number;
  /** What is measured, and whether more or less of it is better. */
  readonly unit: string;
  readonly runs: number;
  /** (largest - smallest) / median of the ratio over the runs. */
  readonly spread: number;
}

export interface BenchReport {
  readonly name: string;
  readonly results: readonly BenchResult[];
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number; readonly os: string };
  readonly versions: Readonly<Record<string, string>>;
}

/** The medians of pairs that were measured one right after the other; each pair has its own ratio. */
export function compare(name: string, unit: string, pairs: readonly { readonly ours: number; readonly opponent: number }[]): BenchResult {
  const ratios = pairs.map(({ ours, opponent }) => ours / opponent);
  const ratio = median(ratios);
  return {
    case: name,
    ours: round(median(pairs.map(({ ours }) => ours))),
    opponent: round(median(pairs.map(({ opponent }) => opponent))),
    ratio: round(ratio),
    unit,
    runs: pairs.length,
    spread: round((Math.max(...ratios) - Math.min(...ratios)) / ratio),
  };
}

/** A report with the machine and the versions it was made with. */
export function report(name: string, results: readonly BenchResult[], packages: readonly string[] = []): BenchReport {
  const versions: Record<string, string> = { node: process.versions.node };
  for (const one of packages) versions[one] = versionOf(one);
  const [first] = cpus();
  return {
    name,
    results,
    machine: {
      cpu: first?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: round(totalmem() / 2 ** 30),
      os: `${platform()} ${arch()} ${release()}`,
    },
    versions,
  };
}

/** A package's version, from the package.json above its entry: many packages do not export that file. */
function versionOf(name: string): string {
  for (let folder = new URL('.', import.meta.resolve(name)); folder.pathname !== '/'; folder = new URL('..', folder)) {
    const file = new URL('package.json', folder);
    if (!existsSync(file)) continue;
    const found = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (found.name === name) return found.version ?? 'unknown';
  }
  return 'unknown';
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}

/** Four significant digits. */
const round = (value: number): number => Number(value.toPrecision(4));
