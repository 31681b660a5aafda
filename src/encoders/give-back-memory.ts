import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/**
 * Gives memory back that opening a graph needed and running it does not: 30 MB of models/mini. The C library keeps it otherwise, in
 * case more is asked for. Where that is not glibc, nothing happens.
 */
export function giveBackMemory(): void {
  try {
    // Not imported: where there is no build of it for this machine, only this is missing.
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    koffi.load('libc.so.6').func('int malloc_trim(size_t pad)')(0);
  } catch {
    // Another C library keeps what it keeps.
  }
}
