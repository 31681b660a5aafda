import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, startChromium } from './helpers/chromium.ts';
import { startEdgeBind, startEdgeBindIn, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { freePort } from './helpers/mosquitto.ts';
import { until } from './helpers/until.ts';

const config = (port: number, token = ''): string => `
model: models/mini
listen: {port: ${port}${token && `, token: ${token}`}}
broker: {port: 0}
fusion: {everyMs: 500}
sources:
  - {id: camera, modality: image, from: "simulate:kitchen"}
  - {id: microphone, modality: audio, from: "simulate:kitchen"}
  - {id: thermal, modality: thermal, from: "simulate:kitchen"}
  - {id: wrist, modality: imu, from: "simulate:kitchen"}
`;
const SOURCES = ['camera', 'microphone', 'thermal', 'wrist'];

if (!chromiumPath) console.log('skipped: the dashboard in a browser: no chromium (apt-get install chromium)');

/** How much the pixels of an element differ from each other: near 0 for a blank one. */
async function variety(element: Locator): Promise<number> {
  const { channels } = await sharp(await element.screenshot()).stats();
  return Math.max(...channels.map((channel) => channel.stdev));
}

describe.skipIf(!chromiumPath)('the dashboard in Chromium', () => {
  let edgebind: EdgeBindProcess;
  let port: number;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const atEnd: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    port = await freePort();
    edgebind = await startEdgeBind(config(port), ['--port', String(port)]);
    atEnd.push(() => edgebind.stop('SIGKILL'));
    browser = await startChromium();
    atEnd.push(() => browser.close());
    page = await browser.newPage({ viewport: { width: 1440, height: 1300 } });
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(edgebind.url);
  });
  afterAll(async () => {
    for (const stop of atEnd.reverse()) await stop();
  });

  it('shows every sensor live, with something to see', async () => {
    for (const source of SOURCES) {
      const tile = page.locator(`.tile[data-source=${source}]`);
      await tile.locator('.state.live').waitFor({ timeout: 60_000 });
      await tile.locator('.over').waitFor({ state: 'detached', timeout: 60_000 });
      for (const canvas of await tile.locator('canvas').all()) {
        await until(`${source} to draw`, async () => (await variety(canvas)) > 4);
      }
    }
    await page.getByText(`${SOURCES.length} of ${SOURCES.length} sensors live`).waitFor();
  });

  it('moves: pictures and traces differ from one moment to the next', async () => {
    for (const source of SOURCES) {
      const stage = page.locator(`.tile[data-source=${source}] .stage`);
      const before = await stage.screenshot();
      await until(`${source} to move`, async () => !before.equals(await stage.screenshot()));
    }
  });

  it('shows who is in the fused vector, and what each weighs', async () => {
    const panel = page.locator('.fusion');
    for (const source of SOURCES) await panel.locator(`li[data-source=${source}] meter`).waitFor();
    const shares = await panel.locator('.share').allTextContents();
    expect(Math.abs(shares.reduce((sum, share) => sum + Number.parseInt(share, 10), 0) - 100)).toBeLessThan(4);
  });

  it('warns at the prompt of what the space was never taught, and at its rule', async () => {
    const box = page.getByLabel('Tell me when something looks, sounds or moves like');
    await box.fill('quantum physics');
    await page.locator('.prompt .unknown', { hasText: 'far from everything that this space was taught' }).waitFor();
    await page.keyboard.press('Enter');
    const rule = page.getByRole('article', { name: 'Rule: quantum physics' });
    await rule.locator('.unknown', { hasText: 'Its scores mean little' }).waitFor();
    await page.locator('.prompt .unknown').waitFor({ state: 'detached' });
    await rule.getByRole('button', { name: 'Delete the rule quantum physics' }).click();
    await rule.getByRole('button', { name: 'Delete', exact: true }).click();
    await rule.waitFor({ state: 'detached' });
  });

  it('makes a typed prompt a rule at once, draws its scores, and learns its level', async () => {
    await page.getByLabel('Tell me when something looks, sounds or moves like').fill('glass breaking');
    await page.keyboard.press('Enter');
    const rule = page.getByRole('article', { name: 'Rule: glass breaking' });
    await rule.waitFor();
    for (const source of SOURCES) await rule.locator('.legend li', { hasText: source }).waitFor();
    const chart = rule.locator('canvas');
    await chart.scrollIntoViewIfNeeded();
    await until('lines', async () => (await variety(chart)) > 8);
    await rule.getByText(/^set to -?\d\.\d+: above/).waitFor({ timeout: 60_000 });
    const { rules } = (await edgebind.get('/api/v1/rules')) as { rules: { id: string; threshold: number }[] };
    expect(rules).toMatchObject([{ id: 'glass-breaking', query: { text: 'glass breaking' } }]);
    expect(await rule.locator('output').textContent()).toBe(rules[0]!.threshold.toFixed(3));
  });

  it('raises an alert when the level is moved below the scores, and counts it in the title', async () => {
    const rule = page.locator('[data-rule=glass-breaking].rule');
    await rule.getByRole('slider').press('Home');
    await page.locator('.feed li.raised', { hasText: 'glass breaking' }).first().waitFor();
    await rule.locator('.state.raised').waitFor();
    await until('the title', async () => /^\(\d\) EdgeBind$/.test(await page.title()));
    await page.locator('.banner.danger').waitFor();
  });

  it('shows a ledger that adds up, stage by stage', async () => {
    const health = page.locator('.health');
    await health.locator('[data-sums=true]').waitFor();
    await health.getByRole('button', { name: 'microphone' }).click();
    expect(await health.locator('.stage-row').count()).toBeGreaterThan(1);
    expect(await health.locator('.verdict', { hasText: 'NO' }).count()).toBe(0);
  });

  it('says that the connection is lost, comes back by itself, and shows no alert twice', async () => {
    expect(complaints).toEqual([]);
    const entries = page.locator('.feed li');
    const before = await entries.count();
    await edgebind.stop();
    await page.getByText('connection lost, trying again').waitFor();
    await page.getByText('No connection: what you see is old').waitFor();
    edgebind = await startEdgeBindIn(edgebind.folder, ['--port', String(port)]);
    await page.locator('.link.open').waitFor({ timeout: 60_000 });
    await page.locator('.tile[data-source=camera] .state.live').waitFor({ timeout: 60_000 });
    const kept = async (): Promise<number> => {
      const { alerts } = (await edgebind.get('/api/v1/alerts?after=0')) as { alerts: { id: string }[] };
      return new Set(alerts.map((alert) => alert.id)).size;
    };
    expect(await kept()).toBeGreaterThanOrEqual(before);
    await until('one entry per alert', async () => (await entries.count()) === (await kept()));
  });

  it('deletes a rule in two steps, and clears what it had raised', async () => {
    const rule = page.locator('[data-rule=glass-breaking].rule');
    await rule.getByRole('button', { name: 'Delete the rule glass breaking' }).click();
    await rule.getByRole('button', { name: 'Delete', exact: true }).click();
    await rule.waitFor({ state: 'detached' });
    await page.locator('.feed li.raised').first().waitFor({ state: 'detached' });
    expect(await page.title()).toBe('EdgeBind');
  });

  it('asks for the token of a server that wants one', async () => {
    const guarded = await startEdgeBind(config(0, 'open-sesame-123'));
    try {
      const visitor = await browser.newPage();
      await visitor.goto(guarded.url);
      await visitor.getByRole('textbox', { name: 'Token' }).fill('open-sesame-123');
      await visitor.keyboard.press('Enter');
      await visitor.locator('.link.open').waitFor();
      await visitor.locator('.tile').first().waitFor();
      await visitor.close();
    } finally {
      await guarded.stop('SIGKILL');
    }
  });
});
