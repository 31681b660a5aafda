import { z } from 'zod';
import type { Modality } from './types.ts';

/** Names that mean something else where a modality may stand. */
const RESERVED: readonly string[] = ['text', 'fused', 'graph'];

/** A modality: one of the known ones, or the name of a sensor of the user's. */
export const modalitySchema: z.ZodType<Modality, string> = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'a modality is image, audio, thermal, depth, imu, or a name of your own: small letters, digits, dashes')
  .refine((name) => !RESERVED.includes(name), 'this name is taken: choose another for a sensor of your own');

/** A modality, or `fused`. */
export const senseSchema: z.ZodType<string, string> = z.union([z.literal('fused'), modalitySchema]);
