import { describe, expect, it } from 'vitest';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import type { Reading } from '../core/types.ts';
import type { MqttBus, MqttMessage } from './mqtt-bus.ts';
import { mqttSource } from './mqtt-source.ts';

/** A bus that the test speaks on. */
function handBus(): { bus: MqttBus; say: (message: Partial<MqttMessage>) => void; lose: () => void } {
  let onMessage: (message: MqttMessage) => void = () => undefined;
  let onConnection: (connected: boolean, reason: string) => void = () => undefined;
  return {
    bus: {
      url: '',
      subscribe: (_filter, listener) => {
        onMessage = listener;
        return () => undefined;
      },
      onConnection: (listener) => {
        onConnection = listener;
        listener(true, '');
        return () => undefined;
      },
      publish: () => false,
      stop: () => Promise.resolve(),
    },
    say: (message) => onMessage({ topic: 'site/mic', payload: new Uint8Array(640), arrivalUs: 0, ...message }),
    lose: () => {
      onConnection(false, 'gone');
      onConnection(true, '');
    },
  };
}

function listen(): { readings: Reading[]; say: (message: Partial<MqttMessage>) => void; lose: () => void; stop: () => Promise<void> } {
  const { bus, say, lose } = handBus();
  const source = mqttSource(
    { id: 'mic', modality: 'audio', from: 'mqtt:site/mic', format: 'pcm_s16le', rateHz: 16_000 },
    { clock: hostClock, ledger: new Ledger(), log: silentLog, audioRateHz: 16_000, bus },
  );
  const readings: Reading[] = [];
  source.readings$.subscribe((reading) => readings.push(reading));
  source.start();
  return { readings, say, lose, stop: () => source.stop() };
}

describe('sound over MQTT', () => {
  it('without a stamp is timed by its own samples, so that chunks which come in twos neither overlap nor leave holes', async () => {
    const { readings, say, stop } = listen();
    for (const arrivalUs of [40_000, 40_000, 80_500, 80_500]) say({ arrivalUs });
    expect(readings.map(({ deviceUs, arrivalUs }) => [deviceUs, arrivalUs])).toEqual([
      [0, 40_000],
      [20_000, 40_000],
      [40_000, 80_500],
      [60_000, 80_500],
    ]);
    await stop();
  });

  it('begins anew when the broker was away: what was said meanwhile is lost', async () => {
    const { readings, say, lose, stop } = listen();
    say({});
    say({});
    lose();
    say({});
    expect(readings.map(({ deviceUs }) => deviceUs)).toEqual([0, 20_000, 0]);
    await stop();
  });

  it('keeps what the sender says of time', async () => {
    const { readings, say, stop } = listen();
    say({ userProperties: { timeUs: '1700000000000000', seq: '4' } });
    say({ userProperties: { seq: '5' } });
    expect(readings.map(({ deviceUs, seq }) => [deviceUs, seq])).toEqual([
      [1_700_000_000_000_000, 4],
      [undefined, 5],
    ]);
    await stop();
  });

  it.each([{ seq: '1e300' }, { seq: '-5' }, { timeUs: '1e300' }, { timeUs: 'noon' }])('passes over a message stamped %o', async (stamp) => {
    const { readings, say, stop } = listen();
    say({ userProperties: stamp });
    say({ userProperties: { timeUs: '1700000000000000', seq: '4' } });
    expect(readings.map(({ seq }) => seq)).toEqual([4]);
    await stop();
  });
});
