import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, of so many bytes, that can be filled up and made read-only. */
export class SmallDisk {
  readonly path: string;
  readonly #filler: string;

  private constructor(path: string) {
    this.path = path;
    this.#filler = join(path, 'filler');
  }

  /** @returns why there can be none: mounting takes a privilege */
  static mount(bytes: number): SmallDisk | string {
    const path = mkdtempSync(join(tmpdir(), 'edgebind-disk-'));
    const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'edgebind-test', path], {
      encoding: 'utf8',
    });
    return status === 0 ? new SmallDisk(path) : (error?.message ?? stderr.trim());
  }

  /** Leaves room for so many bytes, rounded down to whole blocks. */
  fill(leave = 0): void {
    const { bavail, bsize } = statfsSync(this.path);
    writeFileSync(this.#filler, new Uint8Array(Math.max(0, bavail - Math.floor(leave / bsize)) * bsize));
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  makeReadOnly(): void {
    const { status, stderr } = spawnSync('mount', ['-o', 'remount,ro', this.path], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`remount: ${stderr}`);
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}
