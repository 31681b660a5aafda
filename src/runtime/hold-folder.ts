import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { UsageError } from '../core/errors.ts';

/**
 * Holds a state folder for this process: two that write to one folder would give different alerts the same number, and lose each
 * other's rules. The kernel lets go of it however the process ends, since nothing is left on the disk: it is a name of Linux's abstract
 * sockets, made of the folder's device and inode. Other systems have none, and there nobody is kept out.
 *
 * @param path of a folder that is there
 * @returns lets go of it
 * @throws UsageError `STATE_IN_USE`
 */
export async function holdFolder(path: string): Promise<() => void> {
  if (process.platform !== 'linux') return () => undefined;
  const { dev, ino } = statSync(path);
  // Nobody has anything to say to it.
  const holder = createServer((socket) => socket.destroy());
  holder.unref();
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.listen(`\0edgebind-state-${dev}-${ino}`, resolve);
  }).catch((cause: unknown) => {
    throw new UsageError(
      'STATE_IN_USE',
      `${path}: another EdgeBind that runs keeps its state here, and two would give different alerts the same number; stop it, or set state.dir to another folder`,
      { cause },
    );
  });
  return () => void holder.close();
}
