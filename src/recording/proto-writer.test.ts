import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtoWriter } from './proto-writer.ts';

const fieldNumber = fc.integer({ min: 1, max: 2000 });
const field = fc.oneof(
  fc.record({ kind: fc.constant('varint' as const), number: fieldNumber, value: fc.nat({ max: 2 ** 31 - 1 }) }),
  fc.record({ kind: fc.constant('fixed32' as const), number: fieldNumber, value: fc.nat({ max: 2 ** 32 - 1 }) }),
  fc.record({ kind: fc.constant('double' as const), number: fieldNumber, value: fc.double({ noNaN: true }) }),
  fc.record({ kind: fc.constant('bytes' as const), number: fieldNumber, value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('text' as const), number: fieldNumber, value: fc.string({ unit: 'grapheme', maxLength: 40 }) }),
  fc.record({ kind: fc.constant('steps' as const), number: fieldNumber, value: fc.array(fc.nat({ max: 2 ** 52 }), { maxLength: 30 }) }),
  fc.record({ kind: fc.constant('message' as const), number: fieldNumber, value: fc.array(fc.double({ noNaN: true }), { maxLength: 12 }) }),
);

describe('the protobuf writer', () => {
  it('writes what the library writes, message after message', () => {
    const ours = new ProtoWriter();
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const theirs = new BinaryWriter();
        for (const { kind, number, value } of fields) {
          if (kind === 'varint') {
            ours.varint(number, value);
            theirs.tag(number, WireType.Varint).int64(value);
          } else if (kind === 'fixed32') {
            ours.fixed32(number, value);
            theirs.tag(number, WireType.Bit32).fixed32(value);
          } else if (kind === 'double') {
            ours.double(number, value);
            theirs.tag(number, WireType.Bit64).double(value);
          } else if (kind === 'bytes') {
            ours.bytes(number, value);
            theirs.tag(number, WireType.LengthDelimited).bytes(value);
          } else if (kind === 'text') {
            ours.text(number, value);
            theirs.tag(number, WireType.LengthDelimited).string(value);
          } else if (kind === 'steps') {
            ours.steps(number, Float64Array.from(value));
            theirs.tag(number, WireType.LengthDelimited).fork();
            for (const [i, one] of value.entries()) theirs.sint64(one - (value[i - 1] ?? 0));
            theirs.join();
          } else {
            const opened = ours.open(number);
            theirs.tag(number, WireType.LengthDelimited).fork();
            for (const [i, one] of value.entries()) {
              ours.double(i + 1, one);
              theirs.tag(i + 1, WireType.Bit64).double(one);
            }
            ours.close(opened);
            theirs.join();
          }
        }
        expect(Buffer.from(ours.finish()).equals(theirs.finish())).toBe(true);
      }),
    );
  });

  it('grows for a large field, and refuses a message inside that is too long for its length', () => {
    const writer = new ProtoWriter();
    const large = new Uint8Array(300_000).fill(7);
    expect(writer.bytes(1, large).finish()).toHaveLength(300_000 + 4);
    const opened = writer.open(1);
    writer.bytes(1, new Uint8Array(200));
    expect(() => writer.close(opened)).toThrow('at most 127');
  });
});
