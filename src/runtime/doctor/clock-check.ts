import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Finding } from './finding.ts';

/** Whether the host's clock is kept by NTP, as systemd says. */
export async function clockCheck(): Promise<Finding> {
  const asked = await promisify(execFile)('timedatectl', ['show', '-p', 'NTPSynchronized'], { timeout: 5000 }).catch(() => undefined);
  return clockFinding(asked?.stdout);
}

/** @param answer `NTPSynchronized=yes`; undefined where systemd is not there or does not answer */
export function clockFinding(answer: string | undefined): Finding {
  const check = 'clock';
  switch (/^NTPSynchronized=(yes|no)$/m.exec(answer ?? '')?.[1]) {
    case 'yes':
      return { check, status: 'ok', found: 'synchronised by NTP' };
    case 'no':
      return {
        check,
        status: 'warning',
        found: 'not synchronised by NTP: stamps of other machines will not agree with it',
        todo: 'sudo timedatectl set-ntp true, or install chrony',
      };
    default:
      return {
        check,
        status: 'warning',
        found: 'unknown: timedatectl is not there or does not answer, as in a container',
        todo: 'see on the host that NTP or PTP keeps the clock',
      };
  }
}
