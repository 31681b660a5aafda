import { readFile } from 'node:fs/promises';
import { parseKnownCaptions, type KnownCaptions } from '../space/known-captions.ts';
import type { Bundle } from './bundle.ts';

/**
 * The captions that an opened bundle's training covered; undefined where it names none.
 *
 * @throws EdgeBindError `BAD_CAPTIONS`
 */
export async function readCaptions({ captions }: Bundle): Promise<KnownCaptions | undefined> {
  return captions === undefined ? undefined : parseKnownCaptions(await readFile(captions, 'utf8'));
}
