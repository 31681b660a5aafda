import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Name and pid of the process that listens on a TCP port of this machine, from /proc; undefined where that cannot be seen (another
 * user's process, another system).
 */
export async function portOwner(port: number): Promise<string | undefined> {
  try {
    const inode = (await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((table) => readFile(table, 'utf8').catch(() => '')))).flatMap(
      (text) => listeners(text, port),
    )[0];
    if (inode === undefined) return undefined;
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const links = await readdir(`/proc/${pid}/fd`).catch(() => []);
      for (const fd of links) {
        if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')) !== `socket:[${inode}]`) continue;
        return `${(await readFile(`/proc/${pid}/comm`, 'utf8')).trim()} (pid ${pid})`;
      }
    }
  } catch {
    // Not Linux, or no right to look: the caller says how to find out.
  }
  return undefined;
}

/** Inodes of sockets in state LISTEN (0A) on the port. */
const listeners = (table: string, port: number): string[] =>
  table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === '0A' && columns[1]?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`))
    .flatMap((columns) => columns[9] ?? []);
