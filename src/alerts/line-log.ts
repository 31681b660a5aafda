import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';

/** A short history as a file of JSON lines: the newest `keep`; rewritten when it has twice as many. Lines that do not fit are skipped. */
export class LineLog<T> {
  readonly #path: string;
  readonly #keep: number;
  #lines: T[];
  #inFile: number;

  constructor(path: string, schema: z.ZodType<T>, keep = 10_000) {
    this.#path = path;
    this.#keep = keep;
    const lines = textOf(path)
      .split('\n')
      .filter((line) => line !== '');
    this.#inFile = lines.length;
    this.#lines = lines.flatMap((line) => parsed(line, schema)).slice(-keep);
  }

  /** Oldest first. */
  get lines(): readonly T[] {
    return this.#lines;
  }

  /** Adds a line, in the file before it returns. Throws what the file system says. */
  append(line: T): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    // Begins on a line of its own, whatever a power cut has left behind.
    appendFileSync(this.#path, `\n${JSON.stringify(line)}\n`);
    this.#lines.push(line);
    this.#inFile++;
    if (this.#inFile < 2 * this.#keep) return;
    this.#lines = this.#lines.slice(-this.#keep);
    writeFileSync(`${this.#path}.next`, this.#lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
    renameSync(`${this.#path}.next`, this.#path);
    this.#inFile = this.#lines.length;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function parsed<T>(line: string, schema: z.ZodType<T>): T[] {
  try {
    const result = schema.safeParse(JSON.parse(line));
    return result.success ? [result.data] : [];
  } catch {
    return [];
  }
}
