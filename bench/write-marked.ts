import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Puts what a bench has measured into a page, between the two marks that carry its name there. */
export function writeMarked(file: string, bench: string, lines: readonly string[]): void {
  const begin = `<!-- ${bench}: written by npm run bench -- ${bench} -->`;
  const end = `<!-- end of ${bench} -->`;
  const path = resolve(file);
  const page = readFileSync(path, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path}: the lines "${begin}" and "${end}" are missing`);
  writeFileSync(path, `${page.slice(0, from)}${[begin, '', ...lines, '', end].join('\n')}${page.slice(to + end.length)}`);
}
