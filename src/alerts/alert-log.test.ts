import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileAlertLog } from './alert-log.ts';
import type { AlertDraft } from './active-rule.ts';

const path = (): string => join(mkdtempSync(join(tmpdir(), 'edgebind-alerts-')), 'alerts.jsonl');
const draft = (id: string, state: 'raised' | 'cleared'): AlertDraft => ({
  id,
  rule: 'glass',
  state,
  source: 'mic',
  modality: 'audio',
  score: 0.5,
  threshold: 0.4,
  startUs: 1,
  endUs: 2,
  query: 'glass',
});

describe('FileAlertLog', () => {
  it('leaves out a line that was torn or written twice, and goes on after the newest cursor', () => {
    const file = path();
    const log = FileAlertLog.open(file);
    for (const state of ['raised', 'cleared'] as const) log.append(draft('a', state));
    log.close();
    const [first, second] = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, `${first}\n${second}\n${first}\n${second}\n{"cursor": 3, "id`);
    const again = FileAlertLog.open(file);
    expect(again.after(0).map(({ cursor, state }) => [cursor, state])).toEqual([
      [1, 'raised'],
      [2, 'cleared'],
    ]);
    expect(again.append(draft('b', 'raised')).cursor).toBe(3);
    expect(FileAlertLog.open(file).raised()).toMatchObject([{ id: 'b', cursor: 3 }]);
  });

  it('refuses lines of a newer version, and leaves the file as it is', () => {
    const file = path();
    FileAlertLog.open(file).append(draft('a', 'raised'));
    const text = `${readFileSync(file, 'utf8')}{"format": 2, "cursor": 2, "what": "unknown"}\n`;
    writeFileSync(file, text);
    expect(() => FileAlertLog.open(file)).toThrow(
      expect.objectContaining({
        code: 'STATE_NEWER',
        message: expect.stringMatching(/alerts\.jsonl: was written by a newer EdgeBind \(format 2/) as string,
      }),
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
