import type { DecodedFrame } from '../src/core/decoder.ts';
import { UsageError } from '../src/core/errors.ts';
import type { Modality, Payload } from '../src/core/types.ts';

/** A reading as far as the bytes tell: without its arrival time. */
export interface AssembledReading {
  readonly payload: Payload;
  /** The device's own clock, microseconds, unwrapped. */
  readonly deviceUs?: number;
  /** The device's own counter, unwrapped; it goes on after the device restarted. */
  readonly seq?: number;
}

export interface AssemblerStats {
  /** Readings of which at least one part came. At all times `begun = completed + incomplete + pending`. */
  begun: number;
  completed: number;
  /** Readings given up because a part of them was lost. */
  incomplete: number;
  /** Frames that say nothing about this modality. */
  unused: number;
}

/** Turns frames into readings of one modality. */
export interface Assembler {
  /**
   * Takes the next frame; the reading that it completes, if it does.
   *
   * @param afterGap bytes were skipped since the frame before: parts from both sides do not belong together
   */
  push(frame: DecodedFrame, afterGap?: boolean): AssembledReading | undefined;
  /** The line was interrupted: what has begun will not be completed. Counters of the device go on. */
  interrupt(): void;
  /** Readings begun and waiting for their other parts: 0 or 1. */
  readonly pending: number;
  readonly stats: Readonly<AssemblerStats>;
}

/** An assembler for devices that put a whole reading into one frame. */
export function oneFrameAssembler(toReading: (frame: DecodedFrame) => AssembledReading | undefined): Assembler {
  const stats: AssemblerStats = { begun: 0, completed: 0, incomplete: 0, unused: 0 };
  return {
    stats,
    pending: 0,
    interrupt: () => undefined,
    push: (frame) => {
      const reading = toReading(frame);
      if (!reading) {
        stats.unused++;
        return undefined;
      }
      stats.begun++;
      stats.completed++;
      return reading;
    },
  };
}

/** The six values of an inertial reading, or undefined where one of the two vectors is missing. */
export function imuPayload(acc: unknown, gyro: unknown): Payload | undefined {
  if (!isVector3(acc) || !isVector3(gyro)) return undefined;
  return { kind: 'imu', values: Float32Array.of(acc[0], acc[1], acc[2], gyro[0], gyro[1], gyro[2]) };
}

/** Throws where a protocol is asked for a modality that it does not speak of. */
export function requireModality(protocol: string, asked: Modality, spoken: readonly Modality[]): void {
  if (spoken.includes(asked)) return;
  throw new UsageError(
    'PROTOCOL_MODALITY',
    `protocol ${protocol} gives ${spoken.join(', ')}, not ${asked}: set modality: ${spoken.join(' or ')}`,
  );
}

const isVector3 = (value: unknown): value is [number, number, number] =>
  Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'number' && Number.isFinite(part));
