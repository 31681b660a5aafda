import { expect, it } from 'vitest';
import { parseFrontEnd, type SeriesRecipe } from './recipe.ts';
import { seriesTensor } from './series-tensor.ts';

const recipe = parseFrontEnd({ kind: 'series', rateHz: 10, seconds: 0.4, mean: [400, 0.1], std: [100, 0.01] }) as SeriesRecipe;
const row = (ms: number, ...values: number[]) => ({ timeUs: ms * 1000, values });

it('puts irregular rows on the grid, and every channel on one scale', () => {
  const { shape, data } = seriesTensor([row(300, 700, 0.13), row(0, 400, 0.1), row(200, 600, 0.12)], recipe, 0);
  expect(shape).toEqual([2, 4]);
  expect([...data].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
});

it('refuses a reading with another number of channels', () => {
  expect(() => seriesTensor([row(0, 400, 0.1), row(100, 1)], recipe, 0)).toThrow('a reading has 1 channels, the encoder wants 2');
});

it('knows no front end whose channels disagree', () => {
  expect(() => parseFrontEnd({ kind: 'series', rateHz: 10, seconds: 1, mean: [1, 2], std: [1] })).toThrow('one for each channel');
  expect(() => parseFrontEnd({ kind: 'array', size: 8, low: 3, high: 3, channels: 3 })).toThrow('high must be above low');
});
