import { connect } from 'mqtt';
import { renderDepth } from '../render-depth.ts';
import { renderThermal } from '../render-thermal.ts';
import type { DeviceContext } from './device-context.ts';
import { every } from './every.ts';
import { stamp16 } from './stamp16.ts';

export interface MqttDevices {
  readonly stop: () => Promise<void>;
}

/**
 * The thermal and the depth camera: each picture as one message with `envelope: stamp16` to `topic/thermal` (centi-degrees C, int16
 * LE) and `topic/depth` (mm, uint16 LE), QoS 0. While the broker is away pictures are dropped and counted, never queued.
 */
export function publishMqtt({ scene, clock, originUs, ledger, log }: DeviceContext, url: string, topic: string): MqttDevices {
  const client = connect(url, { reconnectPeriod: 500, connectTimeout: 4000, queueQoSZero: false, clean: true });
  let isSaid = false;
  client.on('connect', () => {
    isSaid = false;
    log.info({ topic }, 'connected to the broker');
  });
  client.on('error', (error) => {
    if (!isSaid) log.warn({ topic }, `no broker for the thermal and the depth camera: ${error.message}; trying again until there is one`);
    isSaid = true;
  });

  const device = (name: string, rateHz: number, render: (index: number) => Uint8Array): (() => void) => {
    const stage = ledger.stage(name, 'send');
    const periodUs = 1e6 / rateHz;
    return every(clock, originUs, periodUs, (index) => {
      stage.receive();
      if (!client.connected) {
        stage.drop('brokerAway');
        return;
      }
      client.publish(`${topic}/${name}`, stamp16(render(index), Math.round(originUs + index * periodUs), index), { qos: 0 });
      stage.emit();
    });
  };
  const stops = [
    device('thermal', scene.rates.thermal, (index) => {
      const { celsius } = renderThermal(scene, index);
      return new Uint8Array(Int16Array.from(celsius, (value) => Math.round(100 * value)).buffer);
    }),
    device('depth', scene.rates.depth, (index) => new Uint8Array(renderDepth(scene, index).mm.buffer)),
  ];
  return {
    stop: async () => {
      for (const stop of stops) stop();
      await client.endAsync(true);
    },
  };
}
