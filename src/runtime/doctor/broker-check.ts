import { messageOf } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { hostClock } from '../../core/time.ts';
import type { MqttBus } from '../../inputs/mqtt-bus.ts';
import { connectBus } from '../../inputs/mqtt-client.ts';
import type { Finding } from './finding.ts';

/**
 * Whether a broker takes a connection.
 *
 * @param url with its password, which is not shown
 * @param withinMs how long it may take
 */
export async function brokerCheck(url: string, withinMs = 2000): Promise<Finding> {
  const check = 'MQTT broker';
  const todo = 'see that the broker runs, that its address and password are right, and that no firewall is between';
  let bus: MqttBus;
  try {
    bus = connectBus({ url, clock: hostClock, log: silentLog });
  } catch (error) {
    return { check, status: 'fail', found: messageOf(error), todo };
  }
  try {
    const reason = await answerOf(bus, withinMs);
    return reason === undefined ? { check, status: 'ok', found: `${bus.url} answers` } : { check, status: 'fail', found: reason, todo };
  } finally {
    await bus.stop();
  }
}

/** Why there is no connection; undefined where there is one. */
function answerOf(bus: MqttBus, withinMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let calls = 0;
    const cancel = hostClock.after(withinMs, () => resolve(`${bus.url} does not answer within ${withinMs} ms`));
    bus.onConnection((isConnected, reason) => {
      // The first call only says that it tries.
      if (!isConnected && calls++ === 0) return;
      cancel();
      resolve(isConnected ? undefined : reason);
    });
  });
}
