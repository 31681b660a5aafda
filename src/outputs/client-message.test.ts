import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientMessageError, parseClientMessage } from './client-message.ts';

describe('parseClientMessage', () => {
  it('reads every op', () => {
    const messages = [
      { op: 'subscribe', sub: 's', channel: 'embeddings', sources: ['a'], modalities: ['audio', 'fused'], encoding: 'i8', maxHz: 0.5 },
      { op: 'unsubscribe', sub: 's' },
      { op: 'resume', cursor: 0 },
      { op: 'query', id: 'q', vector: [0.1, 0.2], top: 3, sinceUs: 1, untilUs: 2 },
      { op: 'query', id: 'q', image: 'aGVsbG8=', top: 10, sources: ['mic'], modalities: ['audio'] },
      { op: 'ping' },
      { op: 'ping', ref: 'r' },
    ];
    for (const message of messages) expect(parseClientMessage(JSON.stringify(message))).toEqual(message);
    expect(parseClientMessage('{"op":"query","id":"q","text":" glass "}')).toEqual({ op: 'query', id: 'q', text: 'glass', top: 10 });
  });

  it('names what a message was that cannot be obeyed', () => {
    const refOf = (message: object): unknown => {
      try {
        return parseClientMessage(JSON.stringify(message));
      } catch (error) {
        return (error as ClientMessageError).ref;
      }
    };
    expect(refOf({ op: 'subscribe', sub: 'a' })).toBe('a');
    expect(refOf({ op: 'query', id: 'q' })).toBe('q');
    expect(refOf({ op: 'resume', cursor: -1 })).toBe('resume');
    expect(refOf({ op: 'what' })).toBeNull();
  });

  it('refuses values out of range, in words that name the field', () => {
    const refused: [object, RegExp][] = [
      [{ op: 'subscribe', sub: '', channel: 'alerts' }, /sub/],
      [{ op: 'subscribe', sub: 'x'.repeat(65), channel: 'alerts' }, /sub/],
      [{ op: 'subscribe', sub: 's', channel: 'alerts', maxHz: 0 }, /maxHz/],
      [{ op: 'subscribe', sub: 's', channel: 'alerts', sources: 'mic' }, /sources/],
      [{ op: 'resume', cursor: -1 }, /cursor/],
      [{ op: 'resume', cursor: 1.5 }, /cursor/],
      [{ op: 'query', id: 'q', text: 'a', image: 'aGVsbG8=' }, /exactly one/],
      [{ op: 'query', id: 'q', image: 'not base64!' }, /image/],
      [{ op: 'query', id: 'q', text: 'a', top: 5000 }, /top/],
      [{ op: 'toString' }, /unknown op/],
      [{ op: '__proto__' }, /unknown op/],
      [{}, /unknown op missing/],
    ];
    for (const [message, words] of refused)
      expect(() => parseClientMessage(JSON.stringify(message)), JSON.stringify(message)).toThrow(words);
  });

  it('meets any text with a short named error and nothing else', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({
          op: fc.constantFrom('subscribe', 'resume', 'query', 'ping', 'unsubscribe'),
          sub: fc.jsonValue(),
          channel: fc.jsonValue(),
          cursor: fc.jsonValue(),
        })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          parseClientMessage(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ClientMessageError);
          expect((error as Error).message.length).toBeLessThanOrEqual(500);
        }
      }),
    );
    expect(() => parseClientMessage('['.repeat(100_000))).toThrow(ClientMessageError);
  });
});
