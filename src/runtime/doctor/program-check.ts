import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Finding } from './finding.ts';

/** A program that EdgeBind starts or asks. */
export interface Program {
  readonly name: string;
  readonly args: readonly string[];
  /** What does not work without it. */
  readonly forWhat: string;
  readonly packageName: string;
  /** Whether what is to run needs it. */
  readonly isNeeded: boolean;
}

const ANSWER_WITHIN_MS = 5000;

/** Whether a program is there, and its version. */
export async function programCheck({ name, args, forWhat, packageName, isNeeded }: Program): Promise<Finding> {
  const status = isNeeded ? 'fail' : 'warning';
  const todo = `apt-get install -y ${packageName}; it is for ${forWhat}`;
  try {
    const { stdout } = await promisify(execFile)(name, [...args], { timeout: ANSWER_WITHIN_MS });
    return { check: name, status: 'ok', found: versionIn(stdout) };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { check: name, status, found: isMissing ? 'is not installed' : 'is there, but does not start', todo };
  }
}

/** The first thing in a program's own words that looks like a version: `ffmpeg version 5.1.9-0+deb12u1 Copyright...`, `252`. */
export const versionIn = (text: string): string => /\bversion\s+(\S+)/.exec(text)?.[1] ?? (/\d[\w.+-]*/.exec(text)?.[0] || 'is there');
