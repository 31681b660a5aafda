import { describe, expect, it } from 'vitest';
import { nearestCaption, parseKnownCaptions } from './known-captions.ts';

const file = (vectors: number[], captions = ['a dog', 'a cat']): string =>
  JSON.stringify({
    edgebindCaptions: 1,
    width: 3,
    senses: { audio: { captions, vectors: Buffer.from(Int8Array.from(vectors).buffer).toString('base64') } },
  });

describe('known captions', () => {
  const known = parseKnownCaptions(file([127, 0, 0, 0, -127, 0]));

  it('say which caption is nearest, whatever the length of the prompt, and whatever a text vector has behind the words', () => {
    expect(nearestCaption(known, 'audio', Float32Array.of(0.2, 0.01, 0, 0, 9))).toMatchObject({ caption: 'a dog' });
    const near = nearestCaption(known, 'audio', Float32Array.of(0, -3, 0, 0, 0));
    expect(near?.caption).toBe('a cat');
    expect(near?.distance).toBeCloseTo(0, 6);
  });

  it('are far from what nobody taught', () => {
    expect(nearestCaption(known, 'audio', Float32Array.of(0, 0, 1, 0, 0))?.distance).toBeCloseTo(1, 6);
  });

  it('say nothing of a sense without captions, or of a prompt without length', () => {
    expect(nearestCaption(known, 'image', Float32Array.of(1, 0, 0))).toBeUndefined();
    expect(nearestCaption(known, 'audio', new Float32Array(5))).toBeUndefined();
  });

  it('refuse a file whose vectors are not those of its captions, and one that is none', () => {
    expect(() => parseKnownCaptions(file([1, 2, 3]))).toThrow(/3 numbers, 2 captions of 3 want 6/);
    expect(() => parseKnownCaptions('{}')).toThrow(/captions file/);
    expect(() => parseKnownCaptions('no')).toThrow(/captions file/);
  });
});
