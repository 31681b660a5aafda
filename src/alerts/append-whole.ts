import { fstatSync, ftruncateSync, writeFileSync } from 'node:fs';

/**
 * Appends all of it or nothing: where a disk is nearly full, the system takes a part and calls that a success.
 *
 * @param fd of a file that is only ever appended to
 * @throws what `fs` throws; the file is as long as before then
 */
export function appendWhole(fd: number, data: Uint8Array | string): void {
  const { size } = fstatSync(fd);
  try {
    writeFileSync(fd, data);
  } catch (error) {
    ftruncateSync(fd, size);
    throw error;
  }
}
