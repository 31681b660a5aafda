import { once } from 'node:events';
import { createServer } from 'node:http';
import { UsageError } from '../../../src/core/errors.ts';
import type { DeviceContext } from './device-context.ts';
import { serveCamera } from './serve-camera.ts';
import { serveMicrophone } from './serve-microphone.ts';

export const CAMERA_PATH = '/camera.mjpeg';
export const MICROPHONE_PATH = '/microphone.wav';

export interface HttpDevices {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/**
 * The camera and the microphone on loopback.
 *
 * @param port 0 takes any free one
 * @throws UsageError `PORT_TAKEN`
 */
export async function serveHttp(context: DeviceContext, port: number): Promise<HttpDevices> {
  const camera = serveCamera(context);
  const microphone = serveMicrophone(context);
  const server = createServer((request, response) => {
    if (request.method !== 'GET') response.writeHead(405).end();
    else if (request.url === CAMERA_PATH) camera.serve(response);
    else if (request.url === MICROPHONE_PATH) microphone.serve(response);
    else response.writeHead(404, { 'Content-Type': 'text/plain' }).end(`Here are ${CAMERA_PATH} and ${MICROPHONE_PATH}\n`);
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (cause) {
    camera.stop();
    microphone.stop();
    throw new UsageError('PORT_TAKEN', `127.0.0.1:${port} cannot be listened on: give another --port, or 0 for any free one`, { cause });
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    stop: async () => {
      camera.stop();
      microphone.stop();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
